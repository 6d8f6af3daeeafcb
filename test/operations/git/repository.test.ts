import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { initRepository, openCheckout, openPushed } from '#operations/git/repository.ts';
import { run } from '../../support/local/commands.ts';
import { missingPrograms, needing } from '../../support/needs.ts';
import { temporaryFolder } from '../../support/slipway/running.ts';

needing(missingPrograms('git'), () => {
  const SLIPWAY = import.meta.filename;
  const environment = { PATH: process.env['PATH'] };
  const init = (folder: string, command: readonly [string, string] = [process.execPath, SLIPWAY]) =>
    initRepository({ folder, dataDir: '/data', command, dvcRemotes: [], environment });
  /** The answer of Git to a push of an empty commit to a repository. */
  async function pushed(folder: string, remote: string) {
    const git = (...args: readonly string[]) =>
      run('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args]);
    await git('init', '--quiet', '--initial-branch=main');
    await git('commit', '--quiet', '--allow-empty', '--message', 'a');
    return git('push', remote, 'main');
  }

  it('leaves a folder alone that it did not make', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'mine'), '');
    await mkdir(join(folder.path, 'slipway'));

    await expect(init(folder.path)).rejects.toMatchObject({ name: 'InputInvalid' });

    expect(await readdir(folder.path)).toEqual(['mine', 'slipway']);
    await expect(openPushed(folder.path, '/data', environment)).rejects.toThrow(
      'is no repository that Slipway made',
    );
    await expect(openCheckout(folder.path, environment)).rejects.toThrow(
      'is not the top of a checkout',
    );
  });

  it("keeps its owner's limit when its hooks are written again", async () => {
    await using folder = await temporaryFolder();
    await init(folder.path);
    const config = (...args: readonly string[]) =>
      run('git', ['-C', folder.path, 'config', 'receive.maxInputSize', ...args]);
    expect(Number((await config()).out)).toBeGreaterThan(1e9);
    await config('5000');

    await init(folder.path);

    expect((await config()).out).toBe('5000\n');
  });

  it('takes no push once Slipway is gone', async () => {
    await using folder = await temporaryFolder();
    const [remote, moved] = [join(folder.path, 'a.git'), join(folder.path, "it's moved.git")];
    await init(remote, ['/nowhere/node', SLIPWAY]);
    await rename(remote, moved);

    const { code, err } = await pushed(folder.path, moved);

    expect(code).toBe(1);
    expect(err).toContain('Slipway is no longer where it was');
  });
});
