// make-environment IMAGES IMAGE_TAG ORDER: creates the Python virtual environment that the order names, under IMAGES/environments, if it is missing, and the link to it in the image's folder.
// If the order's model may be converted, also creates the converter's environment, which not every version of a framework has. Only wheels are installed, locked by hash, and no Python loads them here: no package code runs before its environment is used. Imported files are compiled, by a Python that does not load them either.
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
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { compileImported, shareCompiled } from './compile-files.mjs';
import { installProgress, progress } from './progress.mjs';
import { findPython, findUv, succeeds } from './python-tools.mjs';

const run = promisify(execFile);
const [, , IMAGES, IMAGE_TAG, ORDER] = process.argv;
const SERVER = resolve('runtimes/python');
const INSTALL = join(SERVER, 'install-packages.sh');
const ENVIRONMENTS = join(IMAGES, 'environments');
const PARTIAL = join(IMAGES, 'images', `${IMAGE_TAG}.partial`);
// The modules that slipway_server/compiled.py and convert.py import.
const SERVING = [
  'slipway_server.__main__',
  'slipway_server.describe',
  'uvicorn.lifespan.off',
  'uvicorn.loops.asyncio',
  'uvicorn.protocols.http.httptools_impl',
];
const CONVERTING = ['slipway_server.convert', 'onnxruntime', 'skl2onnx'];
const MOST_OUTPUT = { maxBuffer: 2 ** 24 };
const follow = installProgress();
const resolving = once(() => progress('resolving packages'));

try {
  const { environmentHash, python, converts } = JSON.parse(await readFile(ORDER, 'utf8'));
  // A build's first step: what a killed build of the same image left would be in the way.
  await rm(PARTIAL, { recursive: true, force: true });
  const tools = once(() => findTools([python.python, ...python.orElse]));
  const converting = [`-r ${join(SERVER, 'convert-requirements.in')}`, ...python.requirements];
  const torchIndex = python.cuda ? 'none' : process.env.TORCH_INDEX;
  const from = { tools, torchIndex };
  // Without it, the framework serves the model. It has nearly all packages of the other one, which uv then links: both at once would fetch each of them twice.
  const conversion =
    converts &&
    (await provide(`${environmentHash}-convert`, 'converter', converting, from).catch(sayWhy));
  const serves = await provide(
    environmentHash,
    'environment',
    ['numpy', ...python.requirements],
    from,
  );
  // If a build is killed before this, the environment is just slower.
  await compile(serves, conversion).catch(sayWhy);
} catch (error) {
  sayWhy(error);
  process.exitCode = 1;
}

async function provide(name, as, packages, { tools, torchIndex }) {
  await link(name, as);
  const folder = join(ENVIRONMENTS, name);
  const isNew = !(await isThere(join(folder, 'lock.txt')));
  const wanted = [`-r ${join(SERVER, 'requirements.txt')}`, ...packages];
  if (isNew) await make(name, wanted, { ...(await tools()), torchIndex });
  return { python: join(folder, 'bin', 'python'), isNew };
}

/** The converter imports most of what the server does, and uv has linked both to the same files. */
async function compile(serves, conversion) {
  if (serves.isNew) progress('compiling what is imported');
  if (conversion?.isNew) {
    const files = await compileImported(conversion.python, [...CONVERTING, ...SERVING]);
    await shareCompiled(conversion.python, serves.python, files);
  }
  if (serves.isNew) await compileImported(serves.python, SERVING);
}

async function findTools(pythons) {
  const uv = await findUv();
  return { uv, python: await findPython(uv, pythons) };
}

function once(task) {
  let running;
  return () => {
    running ??= task();
    return running;
  };
}

// Before the environment exists, so that it is not deleted as one that no image needs.
async function link(name, as) {
  await mkdir(PARTIAL, { recursive: true });
  await symlink(join('..', '..', 'environments', name), join(PARTIAL, as));
}

async function make(name, wanted, { uv, python, torchIndex }) {
  const folder = join(ENVIRONMENTS, name);
  const partial = `${folder}.${process.pid}.partial`;
  await removeLeft(name);
  try {
    await run(uv, ['venv', '--quiet', '--no-python-downloads', '--python', python, partial]);
    await install(uv, partial, { wanted, torchIndex });
    await installServer(python, partial);
    await rename(partial, folder).catch(async (error) => {
      // Another build has created it meanwhile.
      if (!(await isThere(join(folder, 'lock.txt')))) throw error;
    });
    say(`made the environment ${name} with ${python}`);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** Deletes what killed builds left half made: some hundred megabytes each. */
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

async function install(uv, folder, { wanted, torchIndex = 'none' }) {
  const file = join(folder, 'wanted.txt');
  await writeFile(file, `${wanted.join('\n')}\n`);
  resolving();
  const given = [INSTALL, uv, join(folder, 'bin', 'python'), file, folder];
  const env = { ...process.env, TORCH_INDEX: torchIndex };
  const installing = run('sh', given, { ...MOST_OUTPUT, env });
  const { stdout } = installing.child;
  createInterface(stdout).once('line', (count) => follow(installing.child, Number(count)));
  const { stderr } = await installing;
  for (const line of stderr.split('\n')) if (line.startsWith('install-packages: ')) say(line);
}

/** Installed beside the packages, to be compiled once, as they are: not by the environment's Python, which would run the code in its .pth files. */
async function installServer(python, folder) {
  const [version] = await readdir(join(folder, 'lib'));
  const server = join(folder, 'lib', version, 'site-packages', 'slipway_server');
  await cp(join(SERVER, 'slipway_server'), server, { recursive: true });
  const compile = ['-m', 'compileall', '-q', '--invalidation-mode', 'unchecked-hash'];
  await run(python, ['-I', '-S', ...compile, server]);
}

function isThere(path) {
  return succeeds(access(path));
}

function sayWhy(error) {
  say(error.stderr?.trim() || error.message);
}

function say(text) {
  process.stderr.write(`make-environment: ${text}\n`);
}
