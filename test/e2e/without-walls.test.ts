import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NO_WALLS } from '#adapters/local/servers/walls.ts';
import { type LocalConfig, readLocalConfig } from '#compose/config.ts';
import { startLocal } from '#compose/local.ts';
import { type RunningCommand, runCli } from '../cli/run-cli.ts';
import { eventually } from '../support/clock/eventually.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { needing, notLinux } from '../support/needs.ts';
import { runHere } from '../support/slipway/command-line.ts';
import { temporaryFolder } from '../support/slipway/running.ts';
import { MACHINE_BY_NODE, missingWalls } from '../support/walls/canaries.ts';

const BOOSTER = fileURLToPath(
  new URL('../fixtures/models/xgboost/binary-3.4.ubj', import.meta.url),
);
const PROGRAMS = ['bash', 'sh', 'cat', 'mktemp', 'rm'];

/** A machine with only Node and a shell; `python3` is added if it is given. */
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
    needing(MACHINE_BY_NODE.landlock > 0 ? undefined : missingWalls('landlock'), () => {
      it('has the walls that Node sets, and serves behind them', async () => {
        await using folder = await temporaryFolder();
        const { start, run } = await machine(folder.path);
        const serving = start('--demo');
        await eventually(() => serving.output().includes('serving until Ctrl-C'));

        const status = await run('status');
        const doctor = await run('doctor');
        serving.interrupt();
        const { stdout, code } = await serving.result;

        expect(stdout).toMatch(/^walls {5}Landlock \d+, seccomp$/m);
        expect(stdout).toContain('read      Total 431.50');
        expect(status.stdout.replace(/\s+/g, ' ')).toContain('can change the mode and the times');
        expect(doctor.stdout).toMatch(/^warn {2}walls +Landlock \d+, seccomp; /m);
        expect(code).toBe(0);
      });
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

describe('a machine that cannot set walls', () => {
  const walls = {
    ...NO_WALLS,
    missing: 'they are made of calls that only the kernel of Linux has',
  };
  const none = `none: ${walls.missing}`;

  /** The result of an upload to a Slipway that has found no walls. */
  async function withoutWalls(upload: string, over: Partial<LocalConfig> = {}) {
    await using folder = await temporaryFolder();
    const dataDir = join(folder.path, 'data');
    const slipway = await startLocal(
      readLocalConfig({ dataDir, gatewayPort: 0, controlPort: 0, ...over }),
      { environment: process.env, report: () => undefined, walls: Promise.resolve(walls) },
    );
    try {
      const pushed = await runHere('push', upload, '--name', 'm', '--data', dataDir);
      const status = await runHere('status', '--data', dataDir);
      const doctor = await runHere('doctor', '--data', dataDir);
      const health = await fetch(`${slipway.control}/healthz`, {
        headers: { authorization: `Bearer ${slipway.token}` },
      });
      return {
        pushed,
        status: status.stdout.replace(/\s+/g, ' '),
        doctor: doctor.stdout,
        health: { code: health.status, ...((await health.json()) as object) },
      };
    } finally {
      await slipway.stop();
    }
  }

  it('refuses what Python loads, and says so in its status, its health and to the doctor, whatever the machine has by then', async () => {
    const { pushed, status, doctor, health } = await withoutWalls(BOOSTER);

    expect(pushed.code).not.toBe(0);
    expect(pushed.stdout + pushed.stderr).toContain('`--code-without-walls`');
    expect(status).toContain(`walls: ${none}; models that Python loads are refused`);
    expect(doctor).toContain(`${none}; models that Python loads are refused`);
    expect(health).toMatchObject({
      walls: { says: none, refuses: walls.missing },
      ...(process.platform === 'linux' && {
        code: 503,
        status: 'failing',
        troubles: [
          { check: 'walls', reason: `no wall stands around the models: ${walls.missing}` },
        ],
      }),
    });
  });

  it('is in good health where its user has allowed that', async () => {
    const { health } = await withoutWalls(BOOSTER, { codeWithoutWalls: true });

    expect(health).toMatchObject({ code: 200, status: 'ok', walls: { says: none, refuses: null } });
  });

  it('serves data behind Node’s permissions', async () => {
    await using folder = await temporaryFolder();
    const model = join(folder.path, 'm.onnx');
    await writeFile(model, addConstantModel({ constant: 1 }));

    const { pushed } = await withoutWalls(model);

    expect(pushed.stdout).toContain('Live');
  });
});
