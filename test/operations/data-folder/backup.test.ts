import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { backUp, objectsOf } from '#operations/data-folder/backup.ts';
import type { DataFolder } from '#operations/data-folder/data-folder.ts';
import { type KeptFolder, keptFolder, resultOf } from '../../support/local/data-folder.ts';
import { withVersion } from '../../support/local/kept-version.ts';
import { writeEnvironment } from '../../support/local/package-folder.ts';

let kept: KeptFolder;
let away: string;
beforeEach(() => {
  kept = keptFolder();
  away = join(kept.root, 'away');
});
afterEach(() => kept.close());

const backedUp = (folder: DataFolder, to = away) =>
  resultOf(backUp(folder, to, { isLinked: false, nowMs: 1 }));

const IMAGE = 'images/images/digits-1';

/** The folder with a version whose model a build has made. */
function withBuild({ dataDir, ...folder }: DataFolder) {
  const image = join(dataDir, IMAGE);
  mkdirSync(join(image, 'model'), { recursive: true });
  writeFileSync(join(image, 'model/digits.pkl'), 'weights');
  writeFileSync(join(image, 'facts.json'), '{}');
  const hash = createHash('sha256').update('facts.json\0{}model/digits.pkl\0weights');
  const digest = `sha256:${hash.digest('hex')}`;
  return withVersion({ dataDir, ...folder }, { tag: 'digits-1', digest });
}

function rot(path: string, bytes: string): void {
  chmodSync(path, 0o644);
  writeFileSync(path, bytes);
}

/** Below the file system, which then keeps the size and the time. */
function rotUnseen(path: string, bytes: string): void {
  const { atime, mtime } = statSync(path);
  rot(path, bytes);
  utimesSync(path, atime, mtime);
}

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

  it('has the bytes of an object again that have rotted in it, and says which', async () => {
    const [, rotten] = [await kept.store('sound'), await kept.store('weights')];
    await backedUp(kept.folder);
    const copy = join(away, 'objects', rotten.sha256);
    rot(copy, 'wEights');

    const second = await backedUp(kept.folder);

    expect(readFileSync(copy, 'utf8')).toBe('weights');
    expect(second).toMatchObject({ copied: 1, mended: [`objects/${rotten.sha256}`], bad: [] });
    expect(await backedUp(kept.folder)).toMatchObject({ copied: 0, mended: [] });
  });

  it('says of an object that has rotted in it and in the data folder that it is bad', async () => {
    const rotten = await kept.store('weights');
    await backedUp(kept.folder);
    rot(join(away, 'objects', rotten.sha256), 'wEights');
    kept.rot(rotten);

    const { bad, mended } = await backedUp(kept.folder);

    expect(bad).toMatchObject([{ name: `objects/${rotten.sha256}` }]);
    expect(mended).toEqual([]);
  });

  it('keeps an object that has rotted in the data folder since', async () => {
    const rotten = await kept.store('weights');
    await backedUp(kept.folder);
    kept.rot(rotten);

    expect(await backedUp(kept.folder)).toMatchObject({ copied: 0, bad: [] });
    expect(readFileSync(join(away, 'objects', rotten.sha256), 'utf8')).toBe('weights');
  });

  it('asks the data folder alone for an object that is one file in both', async () => {
    const object = await kept.store('weights');
    const linked = { isLinked: true, nowMs: 1 };
    await resultOf(backUp(kept.folder, away, linked));
    const asked: string[] = [];
    const soundObject = async (sha256: string) => void asked.push(sha256);

    const second = await resultOf(backUp({ ...kept.folder, soundObject }, away, linked));

    expect(second).toMatchObject({ copied: 0, mended: [], bad: [] });
    expect(asked).toEqual([object.sha256]);
  });

  it.each([
    ['has', undefined],
    ['has no', 'has other bytes than it was stored with'],
  ])('%s folder that a build made where that %s', async (_, problem) => {
    const { folder } = withBuild(kept.folder);

    const { bad } = await backedUp({ ...folder, imageProblem: async () => problem });

    expect(bad.map(({ name }) => name)).toEqual(problem ? [IMAGE] : []);
    expect(existsSync(join(away, IMAGE, 'model/digits.pkl'))).toBe(problem === undefined);
  });

  it('has a folder that a build made again where a file of it has rotted there', async () => {
    const { folder } = withBuild(kept.folder);
    await backedUp(folder);
    const copy = join(away, IMAGE, 'model/digits.pkl');
    rotUnseen(copy, 'wEights');

    const { mended } = await backedUp(folder);

    expect(readFileSync(copy, 'utf8')).toBe('weights');
    expect(mended).toEqual([IMAGE]);
    expect(await backedUp(folder)).toMatchObject({ mended: [] });
  });

  describe('of an environment', () => {
    const NAME = 'images/environments/e1';
    let folder: DataFolder;
    let code: string;
    beforeEach(() => {
      folder = withBuild(kept.folder).folder;
      ({ code } = writeEnvironment(join(folder.dataDir, NAME)));
      symlinkSync('../../environments/e1', join(folder.dataDir, IMAGE, 'environment'));
    });
    const copied = () => join(away, code.slice(folder.dataDir.length));

    it('has the link of an image that was built again into another environment', async () => {
      await backedUp(folder);
      const link = join(IMAGE, 'environment');
      writeEnvironment(join(folder.dataDir, 'images/environments/e2'));
      rmSync(join(folder.dataDir, link));
      symlinkSync('../../environments/e2', join(folder.dataDir, link));

      await backedUp(folder);

      expect(readlinkSync(join(away, link))).toBe('../../environments/e2');
    });

    it('has its packages again where a file of them has rotted there', async () => {
      await backedUp(folder);
      rotUnseen(copied(), 'answer = 43\n');

      const { mended, bad } = await backedUp(folder);

      expect(readFileSync(copied(), 'utf8')).toBe('answer = 42\n');
      expect({ mended, bad }).toEqual({ mended: [NAME], bad: [] });
    });

    it('keeps its packages where one has rotted in the data folder since', async () => {
      await backedUp(folder);
      writeFileSync(code, 'answer = 43\n');

      const { mended, bad } = await backedUp(folder);

      expect(readFileSync(copied(), 'utf8')).toBe('answer = 42\n');
      expect({ mended, bad }).toEqual({ mended: [], bad: [] });
    });

    it('says that it is not there where a package has other bytes than it brought', async () => {
      writeFileSync(code, 'answer = 43\n');

      const { bad } = await backedUp(folder);

      expect(bad).toMatchObject([{ name: NAME, models: ['digits-v1'] }]);
      expect(existsSync(join(away, NAME))).toBe(false);
    });
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
