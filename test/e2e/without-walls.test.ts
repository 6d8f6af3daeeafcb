import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RunningCommand, runCli } from '../cli/run-cli.ts';
import { eventually } from '../support/clock/eventually.ts';
import { needing, notLinux } from '../support/needs.ts';
import { temporaryFolder } from '../support/slipway/running.ts';

const BOOSTER = fileURLToPath(
  new URL('../fixtures/models/xgboost/binary-3.4.ubj', import.meta.url),
);
const PROGRAMS = ['bash', 'sh', 'cat', 'mktemp', 'rm'];
const NONE = 'none: no python3 runs to set them; models that Python loads are refused';

/** A machine with Node and a shell alone: `python3` is what is given, if anything. */
async function machine(path: string, python3?: string) {
  const bin = join(path, 'bin');
  await mkdir(bin);
  for (const name of PROGRAMS) {
    const found = execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
    await symlink(found, join(bin, name));
  }
  if (python3) await writeFile(join(bin, 'python3'), `#!/bin/sh\n${python3}\n`, { mode: 0o755 });
  const env = { PATH: bin, HOME: path };
  const data = join(path, 'data');
  const start = ['start', '--port', '0', '--control-port', '0', '--data', data];
  return {
    start: (...args: readonly string[]): RunningCommand => runCli([...start, ...args], env),
    run: (...args: readonly string[]) => runCli([...args, '--data', data], env).result,
  };
}

needing(notLinux, () => {
  describe('a machine without Python', () => {
    it('serves data behind Node’s permissions, refuses what Python loads, and tells both of the Slipway that runs', async () => {
      await using folder = await temporaryFolder();
      const { start, run } = await machine(folder.path);
      const serving = start('--demo');
      await eventually(() => serving.output().includes('serving until Ctrl-C'));

      const pushed = await run('push', BOOSTER, '--name', 'booster');
      const status = await run('status');
      const doctor = await run('doctor');
      serving.interrupt();
      const { stdout, code } = await serving.result;

      expect(stdout).toContain(`walls     ${NONE}`);
      expect(stdout).toContain('read      Total 431.50');
      expect(pushed.code).not.toBe(0);
      expect(pushed.stdout + pushed.stderr).toContain('`--code-without-walls`');
      expect(status.stdout).toContain(`walls: ${NONE}`);
      expect(doctor.stdout).toContain(NONE);
      expect(code).toBe(0);
    });

    it('goes on with what Python loads where it was told to', async () => {
      await using folder = await temporaryFolder();
      const { start, run } = await machine(folder.path);
      const serving = start('--code-without-walls');
      await eventually(() => serving.output().includes('serving until Ctrl-C'));

      const pushed = await run('push', BOOSTER, '--name', 'booster');
      serving.interrupt();
      const { stdout } = await serving.result;

      expect(stdout).toContain('walls     none: no python3 runs to set them\n');
      expect(pushed.stdout).toContain('Building');
      expect(pushed.stdout + pushed.stderr).not.toContain('sets no walls');
    });
  });

  describe('a machine whose Python fails to say which walls there are', () => {
    it('starts no Slipway: nothing is served without walls that may be there', async () => {
      await using folder = await temporaryFolder();
      const { start } = await machine(folder.path, 'echo MemoryError >&2; exit 1');

      const { code, stderr, stdout } = await start('--demo', '--once').result;

      expect(code).not.toBe(0);
      expect(stderr).toContain('could not be told in 3 attempts: python3 ended: MemoryError');
      expect(stdout).not.toContain('gateway');
    });
  });
});
