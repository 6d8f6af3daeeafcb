import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { backUp, objectsOf } from '#operations/data-folder/backup.ts';
import type { DataFolder } from '#operations/data-folder/data-folder.ts';
import { type KeptFolder, keptFolder, resultOf } from '../../support/local/data-folder.ts';
import { withVersion } from '../../support/local/kept-version.ts';

let kept: KeptFolder;
let away: string;
beforeEach(() => {
  kept = keptFolder();
  away = join(kept.root, 'away');
});
afterEach(() => kept.close());

const backedUp = (folder: DataFolder, to = away) =>
  resultOf(backUp(folder, to, { isLinked: false, nowMs: 1 }));

describe('a backup', () => {
  it('has no object that has lost its bytes, and says which', async () => {
    const sound = await kept.store('sound');
    const rotten = await kept.store('weights');
    kept.rot(rotten);

    const { bad, copied } = await backedUp(kept.folder);

    expect(bad).toEqual([
      expect.objectContaining({
        name: `objects/${rotten.sha256}`,
        reason: expect.stringContaining('has other bytes than it was stored with'),
        fix: expect.stringContaining(rotten.key),
      }),
    ]);
    expect(copied).toBe(1);
    expect(readFileSync(join(away, 'objects', sound.sha256), 'utf8')).toBe('sound');
    expect(existsSync(join(away, 'objects', rotten.sha256))).toBe(false);
  });

  it.each([
    ['has', undefined],
    ['has no', 'has other bytes than it was stored with'],
  ])('%s folder that a build made where that %s', async (_, problem) => {
    const { folder } = withVersion(kept.folder, { tag: 'digits-1' });
    const model = join('images/images/digits-1/model/digits.pkl');
    mkdirSync(join(folder.dataDir, 'images/images/digits-1/model'), { recursive: true });
    writeFileSync(join(folder.dataDir, model), 'weights');

    const { bad } = await backedUp({ ...folder, imageProblem: async () => problem });

    expect(bad.map(({ name }) => name)).toEqual(problem ? ['images/images/digits-1'] : []);
    expect(existsSync(join(away, model))).toBe(problem === undefined);
  });

  it('that breaks off leaves the registry of the one before', async () => {
    await kept.store('first');
    await backedUp(kept.folder);
    await kept.store('second');
    const soundObject = async () => {
      throw new Error('broken off');
    };

    await expect(backedUp({ ...kept.folder, soundObject })).rejects.toThrow('broken off');

    expect(objectsOf(join(away, 'registry.db'))).toMatchObject([
      { key: 'models/first/first.onnx' },
    ]);
  });

  it('has its registry in one file, which can be read where nothing can be written', async () => {
    await kept.store('weights');

    await backedUp(kept.folder);
    await backedUp(kept.folder);

    expect(readdirSync(away).sort()).toEqual(['backup.json', 'objects', 'registry.db']);
    using registry = new DatabaseSync(join(away, 'registry.db'), { readOnly: true });
    expect(registry.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'delete' });
  });

  it('does not go into the data folder itself', async () => {
    const { dataDir } = kept.folder;

    await expect(backedUp(kept.folder, join(dataDir, 'backup'))).rejects.toMatchObject({
      name: 'InputInvalid',
      message: expect.stringContaining('is in the data folder that is to be backed up'),
    });
  });
});
