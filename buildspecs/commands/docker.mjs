import { execFile, spawn } from 'node:child_process';
import { chmod, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ran } from './programs.mjs';

/** @import { Input, OnSaid } from './programs.mjs' */

const run = promisify(execFile);

/**
 * The output of a docker command whose standard input is `input`, a text or chunks. Fails with its error output. `onSaid` is called with that as it comes.
 * @param {readonly string[]} args
 * @param {Input} [input]
 * @param {OnSaid} [onSaid]
 */
export async function docker(args, input = '', onSaid = () => {}) {
  return (await dockerBoth(args, input, onSaid)).out;
}

/**
 * Its output and its error output: a container's log is both.
 * @param {readonly string[]} args
 * @param {Input} [input]
 * @param {OnSaid} [onSaid]
 */
export async function dockerBoth(args, input = '', onSaid = () => {}) {
  return ran('docker', args, input, onSaid);
}

/**
 * Pulls an image of a registry into the engine.
 * @param {string} image
 */
export async function there(image) {
  await docker(['image', 'inspect', image]).catch(() => docker(['pull', '--quiet', image]));
}

/** The label by which one machine finds, and may delete, a killed build's containers and images. */
const { CONTAINER_LABEL } = process.env;
export const LABELLED = CONTAINER_LABEL ? ['--label', CONTAINER_LABEL] : [];

/** How much memory a container that loads an artifact may hold, in MiB; not limited where it is unset. */
const { BUILD_MEMORY_MIB } = process.env;

/** The share of the machine that a container of a build gets; its weight is half of that of a container that serves (src/adapters/local/servers/model-container.ts). */
export const BELOW_SERVING = [
  ...['--cpu-shares', '512'],
  ...(BUILD_MEMORY_MIB
    ? ['--memory', `${BUILD_MEMORY_MIB}m`, '--memory-swap', `${BUILD_MEMORY_MIB}m`]
    : []),
];

// Confines whatever loads an artifact: no network, no capabilities, and only /tmp and mounts are writable.
export const CONFINED = [
  ...LABELLED,
  ...BELOW_SERVING,
  ...['--network', 'none', '--read-only', '--tmpfs', '/tmp:rw,size=512m', '--ipc', 'none'],
  ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--pids-limit', '1024'],
];

/** The current user unless it is root, else the user that the images name. */
const USER = [process.getuid?.() || 1000, process.getgid?.() || 1000];

/**
 * The output of `python ARGS` in an image that sees `folder`, at the same path, and may only write to `writable` in it. `name` is that of its container, by which it can be ended.
 * @param {string} image
 * @param {readonly string[]} args
 * @param {{ folder: string, writable: string, env: Record<string, string>, name?: string, onSaid?: OnSaid }} given
 */
export async function pythonIn(image, args, { folder, writable, env, name, onSaid }) {
  await chmod(folder, 0o755);
  // -h: never follows a link.
  if (process.getuid?.() === 0) await run('chown', ['-hR', USER.join(':'), writable]);
  // src/adapters/local/builds/loading-containers.ts sees by it whether the model computes.
  const idFile = CONTAINER_LABEL && name ? join(tmpdir(), `${name}.cid`) : undefined;
  const command = [
    ...['run', '--rm', ...(name ? ['--name', name] : []), ...CONFINED],
    ...(idFile ? ['--cidfile', idFile] : []),
    ...['--user', USER.join(':'), '--workdir', writable],
    ...['--volume', `${folder}:${folder}:ro`, '--volume', `${writable}:${writable}`],
    ...Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    ...['--entrypoint', '/opt/venv/bin/python', image, ...args],
  ];
  try {
    return await docker(command, '', onSaid);
  } finally {
    if (idFile) await rm(idFile, { force: true });
  }
}

const MOST_SAID = 20_000;
/** The builder's cache may name a layer that the engine has lost: https://github.com/moby/moby/issues/41595 */
const LOST_LAYER = /layer does not exist/;

/**
 * Builds an image into the engine. Lambda accepts neither an index, which attestations would require, nor another platform.
 * The build's own lines are logged; the last of them are in its error, as `said`.
 * @param {readonly string[]} args
 */
export async function buildx(args, env = process.env) {
  try {
    await built(args, env);
  } catch (error) {
    if (!LOST_LAYER.test(error.said ?? '')) throw error;
    process.stderr.write('the engine has lost a layer of its cache: building anew\n');
    await built(['--no-cache', ...args], env);
  }
}

/**
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
async function built(args, env) {
  const given = [
    ...['buildx', 'build', '--load', '--platform', 'linux/amd64', '--progress', 'plain'],
    ...['--provenance=false', '--sbom=false', ...LABELLED, ...args],
  ];
  const child = spawn('docker', given, { env, stdio: ['ignore', 2, 'pipe'] });
  let said = '';
  child.stderr?.on('data', (chunk) => {
    process.stderr.write(chunk);
    said = (said + chunk).slice(-MOST_SAID);
  });
  const code = await new Promise((resolve, reject) =>
    child.on('error', reject).on('close', resolve),
  );
  if (code === 0) return;
  throw Object.assign(new Error(`docker buildx build ended with ${code}`), { said });
}
