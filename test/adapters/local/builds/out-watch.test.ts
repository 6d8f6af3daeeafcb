import { link, mkdir, open, symlink, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SCRATCH_LIMITS, watchScratch } from '#adapters/local/servers/scratch-watch.ts';
import { COMMANDS } from '../../../support/local/commands.ts';
import { temporaryFolder } from '../../../support/slipway/running.ts';

const { limitsFor, overIn } = await import(String(pathToFileURL(join(COMMANDS, 'out-watch.mjs'))));

const MEBIBYTE = 2 ** 20;
const LIMITS = { mostBytes: 2 * MEBIBYTE, mostFiles: 3 };
const deep = (folders: number) => Array.from({ length: folders }, () => 'd');
// The processes of other tests are in the same session, and have files open.
const nothingOpen = async () => [];
const TOO_MUCH = 'the model wrote more than 2 MiB while it was loaded, its limit in all';

describe('what a model writes to the folder of its build', () => {
  /** The sentence about a folder that somebody has filled. */
  async function said(
    fill: (folder: string) => Promise<unknown>,
    ...listOpen: readonly (() => Promise<readonly string[]>)[]
  ): Promise<string | undefined> {
    await using folder = await temporaryFolder();
    const filled = await fill(folder.path);
    const over = await overIn(folder.path, LIMITS, ...listOpen);
    if (filled instanceof Object && 'close' in filled)
      await (filled as { close(): unknown }).close();
    return over;
  }

  it('is let be within its limits, also what only looks large', async () => {
    expect(
      await said(async (folder) => {
        await mkdir(join(folder, 'a'));
        await writeFile(join(folder, 'a', 'one'), Buffer.alloc(MEBIBYTE));
        await truncate(join(folder, 'a', 'one'), 2 ** 40);
        await symlink('/usr', join(folder, 'link'));
      }, nothingOpen),
    ).toBeUndefined();
  });

  it('is counted in all, not by the file', async () => {
    expect(
      await said(async (folder) => {
        await writeFile(join(folder, 'one'), Buffer.alloc(1.5 * MEBIBYTE));
        await writeFile(join(folder, 'two'), Buffer.alloc(1.5 * MEBIBYTE));
      }),
    ).toBe(TOO_MUCH);
  });

  it('is counted by the file too', async () => {
    expect(
      await said(async (folder) => {
        for (const name of ['a', 'b', 'c', 'd']) await writeFile(join(folder, name), '');
      }),
    ).toBe('the model made more than 3 files while it was loaded, its limit');
  });

  const onLinux = process.platform === 'linux' ? it : it.skip;

  onLinux('counts while it is open and has no name any more', async () => {
    expect(
      await said(async (folder) => {
        const path = join(folder, 'gone');
        const file = await open(path, 'w');
        await file.write(Buffer.alloc(3 * MEBIBYTE));
        await unlink(path);
        return file;
      }),
    ).toBe(TOO_MUCH);
  });

  const FILLS: Readonly<Record<string, (folder: string) => Promise<unknown>>> = {
    nothing: async () => undefined,
    'one file below the limit': (folder) => writeFile(join(folder, 'a'), Buffer.alloc(MEBIBYTE)),
    'a file that only looks large': async (folder) => {
      await writeFile(join(folder, 'a'), '');
      await truncate(join(folder, 'a'), 2 ** 40);
    },
    'two files above it together': async (folder) => {
      await writeFile(join(folder, 'a'), Buffer.alloc(1.5 * MEBIBYTE));
      await writeFile(join(folder, 'b'), Buffer.alloc(1.5 * MEBIBYTE));
    },
    'one file of several names': async (folder) => {
      await writeFile(join(folder, 'a'), Buffer.alloc(1.5 * MEBIBYTE));
      await link(join(folder, 'a'), join(folder, 'b'));
    },
    'a link to much': (folder) => symlink('/usr', join(folder, 'a')),
    'many files': async (folder) => {
      for (const name of ['a', 'b', 'c', 'd']) await writeFile(join(folder, name), '');
    },
    'folders as deep as they may be': (folder) =>
      mkdir(join(folder, ...deep(64)), { recursive: true }),
    'folders one deeper': (folder) => mkdir(join(folder, ...deep(65)), { recursive: true }),
  };

  it.each(Object.entries(FILLS))('is judged as that of a server is: %s', async (name, fill) => {
    await using folder = await temporaryFolder();
    await fill(folder.path);
    const mostFiles = name.startsWith('folders') ? 1_000 : LIMITS.mostFiles;
    const over: string[] = [];
    const server = { pid: process.pid, folder: folder.path };
    const watch = watchScratch(server, (what) => over.push(what), { mostMiB: 2, mostFiles });
    await watch.look();
    watch.stop();

    const build = await overIn(folder.path, { ...LIMITS, mostFiles }, nothingOpen);

    expect(build === undefined ? [] : [build]).toHaveLength(over.length);
    expect(over).toHaveLength(/above|many|deeper/.test(name) ? 1 : 0);
  });

  it('has the limits of a server’s, where its model is empty', async () => {
    await using folder = await temporaryFolder();

    const { mostBytes, mostFiles } = await limitsFor(folder.path);

    expect({ mostMiB: mostBytes / MEBIBYTE, mostFiles }).toEqual(SCRATCH_LIMITS);
  });

  it('may be 512 MiB and four times the model, in 10,000 files', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'a.pkl'), Buffer.alloc(MEBIBYTE));

    expect(await limitsFor(folder.path)).toEqual({
      mostBytes: 516 * MEBIBYTE,
      mostFiles: 10_000,
    });
  });
});
