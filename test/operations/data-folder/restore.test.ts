import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openDatabase } from '#adapters/local/registry/database.ts';
import { lockFolder } from '#adapters/local/registry/lock-folder.ts';
import { openRegistry } from '#adapters/local/registry/open-registry.ts';
import { SCHEMA_VERSION } from '#adapters/local/registry/schema-version.ts';
import { backUp, objectsOf } from '#operations/data-folder/backup.ts';
import { openDataFolder } from '#operations/data-folder/open.ts';
import { restore } from '#operations/data-folder/restore.ts';
import { type KeptFolder, keptFolder, resultOf } from '../../support/local/data-folder.ts';
import { writeEnvironment } from '../../support/local/package-folder.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'slipway-restore-'));
});
afterEach(() => rm(root, { recursive: true }));

async function done(job: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of job);
}

it('what builds were granted names the objects of the folder that it is restored to', async () => {
  const [before, away, after] = ['before', 'away', 'after'].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  await mkdir(join(before, 'grants'), { recursive: true });
  openRegistry(before, { beginsAnew: false, nowMs: 1 }).close();
  const url = (folder: string) => pathToFileURL(join(folder, 'objects', 'abc')).href;
  const grant = (folder: string) => ({ order: {}, files: [{ name: 'a.pkl', url: url(folder) }] });
  await writeFile(join(before, 'grants', 'd1.json'), JSON.stringify(grant(before)));
  {
    using folder = openDataFolder(before);
    await done(backUp(folder, away, { isLinked: false, nowMs: 1 }));
  }

  await done(restore(away, after));

  const restored = await readFile(join(after, 'grants', 'd1.json'), 'utf8');
  expect(JSON.parse(restored)).toEqual(grant(after));
});

it('a backup, and what is restored of it, are closed to other users like the data folder', async () => {
  const [before, away, after] = ['ours', 'backup', 'restored'].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  await mkdir(before);
  // A folder of an earlier backup has this mode.
  await mkdir(away, { mode: 0o755 });
  openRegistry(before, { beginsAnew: false, nowMs: 1 }).close();
  {
    using folder = openDataFolder(before);
    await done(backUp(folder, away, { isLinked: false, nowMs: 1 }));
  }

  await done(restore(away, after));

  for (const folder of [before, away, after]) {
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
  }
});

describe('a restore', () => {
  let kept: KeptFolder;
  let away: string;
  let after: string;
  beforeEach(async () => {
    kept = keptFolder();
    [away, after] = [join(root, 'away'), join(root, 'after')];
    await kept.store('weights');
    await done(backUp(kept.folder, away, { isLinked: false, nowMs: 1 }));
  });
  afterEach(() => kept.close());

  it('refuses the backup of a newer Slipway, and leaves no registry', async () => {
    {
      using registry = openDatabase(join(away, 'registry.db'));
      registry.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    }

    await expect(done(restore(away, after))).rejects.toThrow('belongs to a newer Slipway');
    expect(existsSync(join(after, 'registry.db'))).toBe(false);
  });

  it('refuses a backup with a damaged registry', async () => {
    await writeFile(join(away, 'registry.db'), Buffer.alloc(4096, 'rot'), { flag: 'r+' });

    await expect(done(restore(away, after))).rejects.toThrow('the registry is damaged');
    expect(existsSync(join(after, 'registry.db'))).toBe(false);
  });

  it('refuses a folder on which a Slipway runs', async () => {
    const unlock = lockFolder(after);

    await expect(done(restore(away, after))).rejects.toMatchObject({ name: 'InputInvalid' });
    unlock();
  });

  it('says which environment has a package with other bytes than it brought', async () => {
    const name = 'images/environments/e1';
    const { code } = writeEnvironment(join(away, name));
    await writeFile(code, 'rotten');

    const { bad } = await resultOf(restore(away, after));

    expect(bad).toMatchObject([
      { name, reason: expect.stringContaining('has other bytes in thing.py') },
    ]);
  });

  it('replaces an object that has lost its bytes by that of the backup', async () => {
    const [object] = objectsOf(join(away, 'registry.db'));
    const path = join(after, 'objects', object?.sha256 ?? '');
    await mkdir(join(after, 'objects'), { recursive: true });
    await writeFile(path, 'rotten');

    await done(restore(away, after));

    expect(await readFile(path, 'utf8')).toBe('weights');
  });
});
