// make-environment IMAGES IMAGE_TAG ORDER [convert]: makes the virtual environment of Python that the order names, under IMAGES/environments, unless it is there; and in the image's folder the link to it.
// With `convert` it is the one in which a model is converted to ONNX, which not every version of a framework has, and none where the order wants no conversion. Packages are wheels alone, locked by their hashes, and, where they serve, compiled by a Python that does not look at them: nothing of a package runs before its environment is used.
import { execFile } from 'node:child_process';
import {
  access,
  cp,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { findPython, findUv, succeeds } from './python-tools.mjs';

const run = promisify(execFile);
const [, , IMAGES, IMAGE_TAG, ORDER, purpose] = process.argv;
const SERVER = resolve('runtimes/python');
const ENVIRONMENTS = join(IMAGES, 'environments');
const PARTIAL = join(IMAGES, 'images', `${IMAGE_TAG}.partial`);
const MOST_OUTPUT = { maxBuffer: 2 ** 24 };

try {
  const { environmentHash, python, wishes } = JSON.parse(await readFile(ORDER, 'utf8'));
  const isConverter = purpose === 'convert';
  const name = isConverter ? `${environmentHash}-convert` : environmentHash;
  const isWanted = !isConverter || wishes.optimize === 'auto';
  // The first step of a build: what a killed one of the same image has left is in its way.
  if (!isConverter) await rm(PARTIAL, { recursive: true, force: true });
  if (isWanted) await link(name, isConverter ? 'converter' : 'environment');
  if (isWanted && !(await isThere(join(ENVIRONMENTS, name, 'lock.txt')))) {
    const wanted = [
      `-r ${join(SERVER, 'requirements.txt')}`,
      isConverter ? `-r ${join(SERVER, 'convert-requirements.in')}` : 'numpy',
      ...python.requirements,
    ];
    await make(name, [python.python, ...python.orElse], { wanted, isConverter });
  }
} catch (error) {
  say(error.stderr?.trim() || error.message);
  // Without it a model is served by its framework.
  if (purpose !== 'convert') process.exitCode = 1;
}

// Before the environment is there, so that nobody takes it away as one that no image needs.
async function link(name, as) {
  await mkdir(PARTIAL, { recursive: true });
  await symlink(join('..', '..', 'environments', name), join(PARTIAL, as));
}

async function make(name, pythons, { wanted, isConverter }) {
  const uv = await findUv(IMAGES);
  const python = await findPython(uv, pythons);
  const folder = join(ENVIRONMENTS, name);
  const partial = `${folder}.${process.pid}.partial`;
  await removeLeft(name);
  try {
    await run(uv, ['venv', '--quiet', '--no-python-downloads', '--python', python, partial]);
    await install(uv, partial, wanted);
    // A build imports a converter once, in a fifth of the time that it takes to compile it.
    if (!isConverter) await compile(python, join(partial, 'lib'));
    await installServer(partial);
    await rename(partial, folder).catch(async (error) => {
      // Another build has made it meanwhile.
      if (!(await isThere(join(folder, 'lock.txt')))) throw error;
    });
    say(`made the environment ${name} with ${python}`);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** What builds have left that were killed while they made it: some hundred megabytes each. */
async function removeLeft(name) {
  for (const left of await readdir(ENVIRONMENTS).catch(() => [])) {
    const [, pid] = left.startsWith(`${name}.`) ? (/\.(\d+)\.partial$/.exec(left) ?? []) : [];
    if (pid && !isRunning(Number(pid))) {
      await rm(join(ENVIRONMENTS, left), { recursive: true, force: true });
    }
  }
}

function isRunning(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

async function install(uv, folder, requirements) {
  const python = ['--quiet', '--python', join(folder, 'bin', 'python')];
  const [wanted, lock] = [join(folder, 'wanted.txt'), join(folder, 'lock.txt')];
  await writeFile(wanted, `${requirements.join('\n')}\n`);
  const wheels = ['--only-binary', ':all:'];
  const compile = ['pip', 'compile', ...python, ...wheels, '--generate-hashes', '--no-header'];
  await run(uv, [...compile, wanted, '--output-file', lock], MOST_OUTPUT);
  const sync = ['pip', 'sync', ...python, ...wheels, '--require-hashes'];
  await run(uv, [...sync, lock], MOST_OUTPUT);
}

/** -S: a Python of the environment would run what its .pth files say. What does not compile is not fit to be imported; two fifths are tests of the packages, which nobody imports. */
async function compile(python, folder) {
  const given = ['-I', '-S', '-m', 'compileall', '-q', '-j', '0', '-x', '/tests?/'];
  const unchecked = ['--invalidation-mode', 'unchecked-hash', folder];
  // Its processes talk by a socket in the temporary folder, whose path may have 107 bytes: a build's own is too deep.
  const env = { ...process.env, TMPDIR: '/tmp' };
  await run(python, [...given, ...unchecked], { ...MOST_OUTPUT, env }).catch(() => undefined);
}

// Beside its packages, so that it is compiled once as they are.
async function installServer(folder) {
  const python = join(folder, 'bin', 'python');
  const print = 'import sysconfig; print(sysconfig.get_path("purelib"))';
  const packages = (await run(python, ['-c', print])).stdout.trim();
  const server = join(packages, 'slipway_server');
  await cp(join(SERVER, 'slipway_server'), server, { recursive: true });
  const compile = ['-m', 'compileall', '-q', '--invalidation-mode', 'unchecked-hash'];
  await run(python, [...compile, server]);
}

function isThere(path) {
  return succeeds(access(path));
}

function say(text) {
  process.stderr.write(`make-environment: ${text}\n`);
}
