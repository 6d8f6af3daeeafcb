import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdtemp, rmdir, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { REGISTRY } from '#adapters/local/registry/open-registry.ts';
import { quickCheck, registryFailure } from '#adapters/local/registry/registry-check.ts';
import type { WallsReport } from '#domain/walls.ts';
import { LEAST_FREE_MIB } from '#operations/watch/health.ts';
import { machineWalls, wallsReport } from '#operations/watch/machine-walls.ts';
import { type Check, examine, type Finding, fail, ok, warn } from './doctor.ts';
import { type FoundSlipway, slipwayChecks } from './ports.ts';

const LIMIT_MS = 10_000;
// A check that takes longer reports its own fault.
const ENDING_MS = 1_000;
const OLDEST_NODE = [22, 18] as const;
const OLDEST_PYTHON_MINOR = 9;
const MEBIBYTE = 1024 * 1024;
const GOOD_FREE_MIB = 2048;

/** Whether Slipway can run on this machine, with its data in `dataDir`; `found` describes a Slipway that runs there already. */
export function oneMachineDoctor(
  dataDir: string,
  found: FoundSlipway | undefined,
): Promise<readonly Finding[]> {
  const checks: readonly Check[] = [
    { check: 'node', look: async () => lookAtNode(process.versions.node) },
    { check: 'data folder', look: () => lookAtFolder(resolve(dataDir)) },
    { check: 'registry', look: () => lookAtRegistry(resolve(dataDir)) },
    { check: 'free disk', look: () => lookAtDisk(resolve(dataDir)) },
    ...slipwayChecks(found),
    { check: 'walls', look: () => lookAtWallsOf(resolve(dataDir), found) },
    { check: 'bash', look: lookAtBash },
    { check: 'python', look: lookAtPython },
    { check: 'docker', look: lookAtDocker },
  ];
  return examine(checks, LIMIT_MS);
}

/** `version` as in `process.versions.node`. */
export function lookAtNode(version: string) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldest, oldestMinor] = OLDEST_NODE;
  if (major > oldest || (major === oldest && minor >= oldestMinor)) return ok(version);
  return fail(version, `Use Node ${OLDEST_NODE.join('.')} or later.`);
}

async function lookAtFolder(dataDir: string) {
  const there = await nearest(dataDir);
  try {
    // Permission bits are not enough: the disk may be mounted read-only.
    await rmdir(await mkdtemp(join(there, '.slipway-doctor-')));
    return ok(there === dataDir ? dataDir : `${dataDir} can be created`);
  } catch {
    return fail(`${there} is not writable`, 'Name another folder with --data.');
  }
}

async function lookAtRegistry(dataDir: string) {
  const path = join(dataDir, REGISTRY);
  if (await isAbsent(path)) return undefined;
  const fault = await quickCheck(path);
  if (fault === undefined) return ok('sound');
  const { message, fix } = registryFailure(fault, path);
  return fail(message, fix);
}

/** A folder that may not be searched does not prove that it has no registry. */
async function isAbsent(path: string): Promise<boolean> {
  try {
    await stat(path);
    return false;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code === 'ENOENT' || code === 'ENOTDIR';
  }
}

async function lookAtDisk(dataDir: string) {
  const { bavail, bsize } = await statfs(await nearest(dataDir));
  const freeMib = Math.floor((bavail * bsize) / MEBIBYTE);
  const says = `${freeMib.toLocaleString('en-US')} MiB`;
  const fix = 'Free some, or name a folder on another disk with --data.';
  if (freeMib < LEAST_FREE_MIB) return fail(says, fix);
  return freeMib < GOOD_FREE_MIB ? warn(says, fix) : ok(says);
}

/** The folder, or its nearest existing parent. */
async function nearest(folder: string): Promise<string> {
  try {
    await access(folder, constants.F_OK);
    return folder;
  } catch (error) {
    const above = dirname(folder);
    if (above === folder) throw error;
    return nearest(above);
  }
}

/** Slipway's build scripts are written for bash, as for CodeBuild. */
export async function lookAtBash(program = 'bash') {
  try {
    const version = ['-c', 'echo "$BASH_VERSION"'];
    const { stdout } = await promisify(execFile)(program, version, { timeout: LIMIT_MS });
    return ok(stdout.trim());
  } catch {
    return warn('not found', 'Install it: only models that are built need it, as those of Python.');
  }
}

/** `program` is the interpreter that is run with `--version`. */
export async function lookAtPython(program = 'python3') {
  const fix =
    'Only Python models need it, in version 3.9 or later; `slipway start --engine docker` does not.';
  try {
    const { stdout } = await promisify(execFile)(program, ['--version'], { timeout: LIMIT_MS });
    const version = stdout.trim().replace('Python ', '');
    const [major = 0, minor = 0] = version.split('.').map(Number);
    return major === 3 && minor >= OLDEST_PYTHON_MINOR ? ok(version) : warn(version, fix);
  } catch {
    return warn('not found', fix);
  }
}

/** The walls that the running Slipway found as it started, and sets; if none runs, the walls that a start would find. */
async function lookAtWallsOf(dataDir: string, found: FoundSlipway | undefined) {
  if (found?.answers && found.walls) return wallsFinding(found.walls);
  if (found?.answers || found?.isBusy) {
    return warn(
      `the Slipway that runs as process ${found.pid} has not told which it found as it started`,
      'Ask again in a while. A Slipway of an older version never answers this: stop it and run `slipway start`.',
    );
  }
  const { says, ...finding } = wallsFinding(
    wallsReport(await machineWalls(dataDir, [LIMIT_MS - ENDING_MS]), false),
  );
  return { ...finding, says: `no Slipway runs; one that starts finds ${says}` };
}

/** How this machine isolates a model, and which actions are still open to a model. */
export function wallsFinding({ says, open, refuses }: WallsReport) {
  if (open.length === 0) return ok(says);
  if (refuses) {
    return warn(
      `${says}; models that Python loads are refused`,
      'docs/security.md says what each wall needs; `slipway start --engine docker` has them all, `--code-without-walls` does without.',
    );
  }
  return warn(
    `${says}; a model with hostile code ${open.join('; ')}`,
    'docs/security.md says what each wall needs; `slipway start --engine docker` has them all.',
  );
}

async function lookAtDocker() {
  const ask = ['version', '--format', '{{.Server.Version}}'];
  try {
    const { stdout } = await promisify(execFile)('docker', ask, { timeout: LIMIT_MS });
    return ok(`engine ${stdout.trim()}`);
  } catch {
    return warn(
      'the Docker engine does not answer',
      'Only `slipway start --engine docker` needs it.',
    );
  }
}
