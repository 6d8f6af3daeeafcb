import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { COMMANDS, run } from '../../../support/local/commands.ts';
import { temporaryFolder } from '../../../support/slipway/running.ts';

const PROGRAM = `
const [, tools] = process.argv;
const { findUv } = await import(tools);
await findUv().then(console.log, ({ message }) => console.log(message));
`;

describe('the uv of a build', () => {
  /** The result of looking for uv where there is a Python and no uv. */
  async function found(caches: (folder: string) => Promise<string>) {
    await using folder = await temporaryFolder();
    const bin = join(folder.path, 'bin');
    await mkdir(bin);
    await writeFile(join(bin, 'python3'), '#!/bin/sh\nexit 0\n');
    await chmod(join(bin, 'python3'), 0o755);
    const env = { PATH: bin, XDG_CACHE_HOME: await caches(folder.path) };
    const given = ['--input-type=module', '-e', PROGRAM, join(COMMANDS, 'python-tools.mjs')];
    return (await run(process.execPath, given, '', env)).out.trim().replaceAll(folder.path, 'HERE');
  }

  it('is installed in the cache folder of the user', async () => {
    const uv = await found(async (folder) => join(folder, 'caches'));

    expect(uv).toMatch(/^HERE\/caches\/slipway\/tools\/uv==[\d.]+\/bin\/uv$/);
  });

  it('cannot be installed where that folder cannot be made, and it is said what to do', async () => {
    const said = await found(async (folder) => {
      await writeFile(join(folder, 'home'), 'a file');
      return join(folder, 'home', 'caches');
    });

    expect(said).toBe(
      "HERE/home/caches/slipway/tools cannot be made (ENOTDIR), and Python's packages are installed through it; set XDG_CACHE_HOME to a folder that this user may write",
    );
  });
});
