import { execFile, spawn } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What a docker command prints. Fails with what it said of its trouble. */
export async function docker(args, input = '') {
  return (await dockerBoth(args, input)).out;
}

/** What it prints, and beside it what it says: a container's log is both. */
export async function dockerBoth(args, input = '') {
  const child = spawn('docker', args, { stdio: ['pipe', 'pipe', 'pipe'] });
  // A program that ends before it has read all.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const exited = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const [out, said, code] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  if (code === 0) return { out: out.trim(), said: said.trim() };
  const reason = said.trim() || `docker ${args[0]} ended with ${code}`;
  throw Object.assign(new Error(reason), { exitCode: code });
}

/** By which one machine finds what a killed build has left, and what it may take away. */
const { CONTAINER_LABEL } = process.env;
export const LABELLED = CONTAINER_LABEL ? ['--label', CONTAINER_LABEL] : [];

// What loads an artifact gets: no network, no capabilities, nothing to write to but /tmp and what is mounted.
export const CONFINED = [
  ...LABELLED,
  ...['--network', 'none', '--read-only', '--tmpfs', '/tmp:rw,size=512m', '--ipc', 'none'],
  ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--pids-limit', '1024'],
];

/** The user that the images name, unless this one is not root. */
const USER = [process.getuid?.() || 1000, process.getgid?.() || 1000];

/** What `python ARGS` prints in an image that sees `folder`, at the same path, and can write to `writable` within it alone. */
export async function pythonIn(image, args, { folder, writable, env }) {
  await chmod(folder, 0o755);
  // -h: a link is never followed.
  if (process.getuid?.() === 0) await run('chown', ['-hR', USER.join(':'), writable]);
  return docker([
    ...['run', '--rm', ...CONFINED, '--user', USER.join(':'), '--workdir', writable],
    ...['--volume', `${folder}:${folder}:ro`, '--volume', `${writable}:${writable}`],
    ...Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    ...['--entrypoint', '/opt/venv/bin/python', image, ...args],
  ]);
}

const MOST_SAID = 20_000;

/**
 * Builds an image into the engine. Lambda takes neither an index, which attestations would make of it, nor another platform.
 * A build's own lines are the log; the last of them are what it fails with, as `said`.
 */
export async function buildx(args) {
  const given = [
    ...['buildx', 'build', '--load', '--platform', 'linux/amd64', '--progress', 'plain'],
    ...['--provenance=false', '--sbom=false', ...LABELLED, ...args],
  ];
  const child = spawn('docker', given, { stdio: ['ignore', 2, 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => {
    process.stderr.write(chunk);
    said = (said + chunk).slice(-MOST_SAID);
  });
  const code = await new Promise((resolve, reject) =>
    child.on('error', reject).on('close', resolve),
  );
  if (code === 0) return;
  throw Object.assign(new Error(`docker buildx build ended with ${code}`), { said });
}
