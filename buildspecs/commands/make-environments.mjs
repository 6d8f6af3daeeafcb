// Makes the Python virtual environments of a model on one machine. Only wheels are installed, locked by hash, and no Python loads them here: no package code runs before its environment is used. Imported files are compiled, by a Python that does not load them either.
import { execFile } from 'node:child_process';
import { access, cp, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { compileImported } from './compile-files.mjs';
import { filesIn } from './files.mjs';
import { installProgress, progress } from './progress.mjs';
import { findPython, findUv, succeeds } from './python-tools.mjs';

const run = promisify(execFile);
const SERVER = resolve('runtimes/python');
const INSTALL = join(SERVER, 'install-packages.sh');
// The modules that slipway_server/compiled.py and convert.py import.
const SERVING = [
  'slipway_server.__main__',
  'slipway_server.describe',
  'uvicorn.lifespan.off',
  'uvicorn.loops.asyncio',
  'uvicorn.protocols.http.httptools_impl',
];
const CONVERTING = ['slipway_server.convert', 'onnxruntime', 'skl2onnx'];
// What most models of a format import, also by code that is not Python's. What is missing here is compiled once it has been imported.
const ESTIMATORS = [
  ...[
    'compose',
    'ensemble',
    'impute',
    'linear_model',
    'neighbors',
    'pipeline',
    'preprocessing',
  ].map((name) => `sklearn.${name}`),
  ...['char', 'ctypeslib', 'f2py', 'fft', 'random', 'rec', 'strings', 'testing'].map(
    (name) => `numpy.${name}`,
  ),
  ...['joblib', 'pandas', 'dateutil.easter', 'dateutil.parser', 'dateutil.tz'],
];
const FORMATS = {
  sklearn: ESTIMATORS,
  skops: [...ESTIMATORS, 'skops.io'],
  xgboost: ['xgboost'],
  lightgbm: ['lightgbm'],
  catboost: ['catboost'],
};
const MOST_OUTPUT = { maxBuffer: 2 ** 24 };

/**
 * Creates the environment that an order names, and the converter's if the model may be converted, under IMAGES/environments where they are missing, and the links to them in the image's folder.
 * Each is a promise of its Python. That of a converter, which not every version of a framework has, is empty where there is none: then the framework serves the model.
 */
export function makeEnvironments(images, image, { environmentHash, python, converts, format }) {
  const tools = once(() => findTools([python.python, ...python.orElse]));
  const torchIndex = python.cuda ? 'none' : process.env.TORCH_INDEX;
  const folder = join(images, 'environments');
  const follow = installProgress();
  const resolving = once(async () => progress('resolving packages'));
  const from = { folder, image, tools, torchIndex, follow, resolving };
  const imported = [...SERVING, ...(FORMATS[format] ?? [])];

  async function serving() {
    const { requirements } = python;
    // The numpy that the server is locked with, where a model asks for nothing.
    const numpy = requirements.length > 0 ? 'numpy' : `-r ${join(SERVER, 'numpy.txt')}`;
    const packages = [numpy, ...requirements];
    const made = await provide(environmentHash, 'environment', packages, from);
    return { ...made, compiled: compiled(made, imported) };
  }

  async function converting(served) {
    const packages = [`-r ${join(SERVER, 'convert-requirements.in')}`, ...python.requirements];
    const name = `${environmentHash}-convert`;
    const made = await provide(name, 'converter', packages, { ...from, after: served });
    // Of what both import, the bytecode is there by then.
    await (await served).compiled;
    await compiled(made, [...CONVERTING, ...imported]);
    return made.python;
  }

  const served = serving();
  return {
    environment: served.then(async (made) => {
      await made.compiled;
      return made.python;
    }),
    converter: converts
      ? converting(served).catch((error) => {
          sayWhy(error);
          return '';
        })
      : Promise.resolve(''),
  };
}

/** Installs its packages `after` another one, which has nearly all of them: uv then links them; both at once would fetch each of them twice. */
async function provide(name, as, packages, { folder, image, tools, ...installing }) {
  await link(name, as, image);
  const environment = join(folder, name);
  const isNew = !(await isThere(join(environment, 'lock.txt')));
  const wanted = [`-r ${join(SERVER, 'requirements.txt')}`, ...packages];
  if (isNew) await make(environment, wanted, { ...(await tools()), ...installing });
  return { python: join(environment, 'bin', 'python'), isNew };
}

/** If a build is killed before this, or it fails, the environment is just slower. */
async function compiled({ python, isNew }, modules) {
  if (!isNew) return;
  progress('compiling what is imported');
  try {
    // All of the server: it imports what a format needs by name.
    const server = await filesIn(await serverIn(dirname(dirname(python))));
    await compileImported(python, modules, server);
  } catch (error) {
    sayWhy(error);
  }
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
async function link(name, as, image) {
  await mkdir(image, { recursive: true });
  await symlink(join('..', '..', 'environments', name), join(image, as));
}

async function make(folder, wanted, { uv, python, ...installing }) {
  const partial = `${folder}.${process.pid}.partial`;
  await removeLeft(folder);
  try {
    await run(uv, ['venv', '--quiet', '--no-python-downloads', '--python', python, partial]);
    await install(uv, partial, { wanted, ...installing });
    await installServer(partial);
    await rename(partial, folder).catch(async (error) => {
      // Another build has created it meanwhile.
      if (!(await isThere(join(folder, 'lock.txt')))) throw error;
    });
    say(`made the environment ${basename(folder)} with ${python}`);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** Deletes what killed builds left half made: some hundred megabytes each. */
async function removeLeft(folder) {
  const [all, name] = [dirname(folder), basename(folder)];
  for (const left of await readdir(all).catch(() => [])) {
    const [, pid] = left.startsWith(`${name}.`) ? (/\.(\d+)\.partial$/.exec(left) ?? []) : [];
    if (pid && !isRunning(Number(pid))) await rm(join(all, left), { recursive: true, force: true });
  }
}

function isRunning(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

async function install(uv, folder, { wanted, torchIndex = 'none', follow, resolving, after }) {
  const file = join(folder, 'wanted.txt');
  await writeFile(file, `${wanted.join('\n')}\n`);
  resolving();
  const given = [INSTALL, uv, join(folder, 'bin', 'python'), file, folder];
  const env = { ...process.env, TORCH_INDEX: torchIndex };
  const installing = run('sh', given, { ...MOST_OUTPUT, env });
  const { stdin, stdout } = installing.child;
  stdin.on('error', () => undefined);
  void Promise.allSettled([after]).then(() => stdin.end());
  createInterface(stdout).once('line', (count) => follow(installing.child, Number(count)));
  const { stderr } = await installing;
  for (const line of stderr.split('\n')) if (line.startsWith('install-packages: ')) say(line);
}

async function installServer(folder) {
  await cp(join(SERVER, 'slipway_server'), await serverIn(folder), { recursive: true });
}

async function serverIn(folder) {
  const [version] = await readdir(join(folder, 'lib'));
  return join(folder, 'lib', version, 'site-packages', 'slipway_server');
}

function isThere(path) {
  return succeeds(access(path));
}

function sayWhy(error) {
  say(error.stderr?.trim() || error.message);
}

function say(text) {
  process.stderr.write(`make-environments: ${text}\n`);
}
