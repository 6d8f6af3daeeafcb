import { mkdir, open, symlink, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { COMMANDS } from '../../../support/local/commands.ts';
import { temporaryFolder } from '../../../support/slipway/running.ts';

const { limitsFor, overIn } = await import(String(pathToFileURL(join(COMMANDS, 'out-watch.mjs'))));

const MEBIBYTE = 2 ** 20;
const LIMITS = { mostBytes: 2 * MEBIBYTE, mostFiles: 3 };
const TOO_MUCH = 'the model wrote more than 2 MiB while it was loaded, its limit in all';

describe('what a model writes to the folder of its build', () => {
  /** The sentence about a folder that somebody has filled. */
  async function said(fill: (folder: string) => Promise<unknown>): Promise<string | undefined> {
    await using folder = await temporaryFolder();
    const filled = await fill(folder.path);
    const over = await overIn(folder.path, LIMITS);
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
      }),
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

  it('may be 512 MiB and four times the model, in 10,000 files', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'a.pkl'), Buffer.alloc(MEBIBYTE));

    expect(await limitsFor(folder.path)).toEqual({
      mostBytes: 516 * MEBIBYTE,
      mostFiles: 10_000,
    });
  });
});
