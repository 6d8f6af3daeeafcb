// Makes the Python virtual environments of a model on one machine. Only wheels are installed, locked by hash, and no Python loads them here: no package code runs before its environment is used. Imported files are compiled, by a Python that does not load them either.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
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
import { basename, dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { compileImported } from './compile-files.mjs';
import { filesIn } from './files.mjs';
import { keepEnvironment, keptAs, takeKept } from './kept-environments.mjs';
import { piped, succeeds } from './programs.mjs';
import { followInstall, progress } from './progress.mjs';
import { findPython, findUv } from './python-tools.mjs';

/** @import { BuildOrder } from '../../src/domain/build/order.ts' */
/** @import { PythonEnvironment } from '../../src/domain/build/python-environment.ts' */
/** @typedef {{ uv: string, python: string }} Tools */
/** @typedef {{ folder: string, image: string, tools: () => Promise<Tools>, torchIndex: string | undefined }} From */
/** @typedef {{ first: readonly string[], last: readonly string[] }} Modules */

const run = promisify(execFile);
const SERVER = resolve('runtimes/python');
const INSTALL = join(SERVER, 'install-packages.sh');
// The modules that slipway_server/compiled.py imports.
const SERVING = [
  'slipway_server.__main__',
  'slipway_server.describe',
  // numpy's compiled code imports this one.
  'numpy._core._exceptions',
  'uvicorn.lifespan.off',
  'uvicorn.loops.asyncio',
  'uvicorn.protocols.http.httptools_impl',
];
// The modules that the converter imports once the model has been loaded.
const PROVING = ['slipway_server.convert'];
const CONVERTING = [
  'onnxruntime',
  'onnxruntime.capi.build_and_package_info',
  'skl2onnx',
  'skl2onnx.algebra.onnx_operator_mixin',
  'slipway_server.conversion.graph',
  'slipway_server.conversion.guard',
];
// Marks an environment in which a model can be loaded, and so a server started: src/adapters/local/servers/process-spares.ts.
const READY = 'ready';
const MOST_OUTPUT = { maxBuffer: 2 ** 24 };
// The file by which Python finds its own modules in an environment.
const CONFIGURATION = 'pyvenv.cfg';

/**
 * Creates on demand the environment that an order names and the converter's, under IMAGES/environments where they are missing, and the links to them in the image's folder.
 * `environment` and `converter` return the environment's Python as soon as a model can be loaded in it. Not every version of a framework has a converter: without one it returns an empty place, and the framework serves the model.
 * `finish` waits for the rest of the compilation.
 * @param {string} images
 * @param {string} image
 * @param {BuildOrder & { python: PythonEnvironment }} order
 */
export function makeEnvironments(images, image, { environmentHash, python, keptBecause, imports }) {
  const tools = once(() => findTools([python.python, ...python.orElse]));
  const torchIndex = python.cuda ? 'none' : process.env.TORCH_INDEX;
  const from = { folder: join(images, 'environments'), image, tools, torchIndex };
  /** @type {Promise<unknown>[]} */
  const compiling = [];

  /**
   * @param {string} name
   * @param {string} as
   * @param {readonly string[]} packages
   * @param {{ modules: Modules, isKept?: boolean }} options
   */
  const provided = async (name, as, packages, { modules, isKept = false }) => {
    const { environment, isNew, kept } = await provide(name, as, { packages, isKept }, from);
    if (isNew) {
      await new Promise((resolve) => {
        const begin = () => {
          writeFileSync(join(environment, READY), '');
          resolve(undefined);
        };
        const whole = compiled(environment, modules, begin);
        compiling.push(kept ? whole.then(() => keepEnvironment(environment, kept)) : whole);
      });
    }
    return pythonIn(environment);
  };

  return {
    environment: once(() => {
      const { requirements } = python;
      // The server's locked numpy, where a model asks for no packages.
      const numpy = requirements.length > 0 ? 'numpy' : `-r ${join(SERVER, 'numpy.txt')}`;
      const modules = { first: [...SERVING, ...imports], last: [] };
      const packages = [numpy, ...requirements];
      const isKept = requirements.length === 0;
      return provided(environmentHash, 'environment', packages, { modules, isKept });
    }),
    converter: once(async () => {
      if (keptBecause !== null) return '';
      const packages = [`-r ${join(SERVER, 'convert-requirements.in')}`, ...python.requirements];
      const modules = { first: [...PROVING, ...imports], last: CONVERTING };
      const name = `${environmentHash}-convert`;
      return provided(name, 'converter', packages, { modules }).catch((error) => {
        sayWhy(error);
        return '';
      });
    }),
    finish: () => Promise.all(compiling),
  };
}

/**
 * `isNew` means that it was installed, `kept` is the place where it should then be kept.
 * @param {string} name
 * @param {string} as
 * @param {{ packages: readonly string[], isKept: boolean }} wanted
 * @param {From} from
 * @returns {Promise<{ environment: string, isNew: boolean, kept?: string | undefined }>}
 */
async function provide(name, as, { packages, isKept }, { folder, image, tools, torchIndex }) {
  await link(name, as, image);
  const environment = join(folder, name);
  if (await isThere(join(environment, 'lock.txt'))) return { environment, isNew: false };
  const found = await tools();
  const kept = isKept ? await keptAs(name, found.python) : undefined;
  const wanted = [`-r ${join(SERVER, 'requirements.txt')}`, ...packages];
  const isNew = await make(environment, { wanted, kept, torchIndex }, found);
  return { environment, isNew, kept };
}

/**
 * Calls `onFirst` once a model can be loaded. If a build is killed before this has ended, or it fails, the environment is just slower.
 * @param {string} environment
 * @param {Modules} modules
 * @param {() => void} onFirst
 */
async function compiled(environment, { first, last }, onFirst) {
  progress('compiling what is imported');
  try {
    // All files of the server are compiled, since it imports a format's modules by name.
    const files = await filesIn(await serverIn(environment));
    await compileImported(pythonIn(environment), first, { files, last, onFirst });
  } catch (error) {
    sayWhy(error);
  } finally {
    onFirst();
  }
}

/**
 * @param {readonly string[]} pythons
 * @returns {Promise<Tools>}
 */
async function findTools(pythons) {
  const uv = await findUv();
  return { uv, python: await findPython(uv, pythons) };
}

/**
 * @template Result
 * @param {() => Promise<Result>} task
 */
function once(task) {
  /** @type {Promise<Result> | undefined} */
  let running;
  return () => {
    running ??= task();
    return running;
  };
}

// Before the environment exists, so that it is not deleted as one that no image needs.
/**
 * @param {string} name
 * @param {string} as
 * @param {string} image
 */
async function link(name, as, image) {
  await mkdir(image, { recursive: true });
  await symlink(join('..', '..', 'environments', name), join(image, as));
}

/**
 * Whether it had to be installed; False where it is a kept one, with its compiled files.
 * @param {string} folder
 * @param {{ wanted: readonly string[], kept: string | undefined, torchIndex: string | undefined }} order
 * @param {Tools} tools
 */
async function make(folder, { wanted, kept, torchIndex }, { uv, python }) {
  const partial = `${folder}.${process.pid}.partial`;
  await removeLeft(folder);
  try {
    const isNew = !(kept && (await takeKept(kept, partial)));
    if (isNew) {
      await run(uv, ['venv', '--quiet', '--no-python-downloads', '--python', python, partial]);
      const configured = await readFile(join(partial, CONFIGURATION), 'utf8');
      const server = installServer(partial);
      await install(uv, partial, { wanted, torchIndex }).finally(() => server);
      await requireSame(partial, configured);
    }
    await rename(partial, folder).catch(async (error) => {
      // Another build has created it meanwhile.
      if (!(await isThere(join(folder, 'lock.txt')))) throw error;
    });
    say(`made the environment ${basename(folder)} with ${python}`);
    return isNew;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/**
 * uv lets no package replace the interpreter, but its configuration, which says where Python finds its own modules: they are loaded before any wall.
 * @param {string} folder
 * @param {string} configured
 */
async function requireSame(folder, configured) {
  if ((await readFile(join(folder, CONFIGURATION), 'utf8')) === configured) return;
  throw new Error(
    `a package brings a ${CONFIGURATION} of its own, by which Python would run other code than its own before the walls are set`,
  );
}

/**
 * Deletes the half-made folders of killed builds: some hundred megabytes each.
 * @param {string} folder
 */
async function removeLeft(folder) {
  const [all, name] = [dirname(folder), basename(folder)];
  for (const left of await readdir(all).catch(() => [])) {
    const [, pid] = left.startsWith(`${name}.`) ? (/\.(\d+)\.partial$/.exec(left) ?? []) : [];
    if (pid && !isRunning(Number(pid))) await rm(join(all, left), { recursive: true, force: true });
  }
}

/** @param {number} pid */
function isRunning(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

/**
 * @param {string} uv
 * @param {string} folder
 * @param {{ wanted: readonly string[], torchIndex: string | undefined }} order
 */
async function install(uv, folder, { wanted, torchIndex = 'none' }) {
  const file = join(folder, 'wanted.txt');
  await writeFile(file, `${wanted.join('\n')}\n`);
  progress('resolving packages');
  const given = [INSTALL, uv, pythonIn(folder), file, folder];
  const env = { ...process.env, TORCH_INDEX: torchIndex };
  const installing = run('sh', given, { ...MOST_OUTPUT, env });
  createInterface(piped(installing.child).stdout).once('line', (count) =>
    followInstall(piped(installing.child), Number(count)),
  );
  const { stderr } = await installing;
  for (const line of stderr.split('\n')) if (line.startsWith('install-packages: ')) say(line);
}

/** @param {string} folder */
async function installServer(folder) {
  // Files beside it that another Python has compiled are of no use to this one.
  /** @param {string} path */
  const filter = (path) => basename(path) !== '__pycache__';
  await cp(join(SERVER, 'slipway_server'), await serverIn(folder), { recursive: true, filter });
}

/** @param {string} folder */
async function serverIn(folder) {
  const [version = ''] = await readdir(join(folder, 'lib'));
  return join(folder, 'lib', version, 'site-packages', 'slipway_server');
}

/** @param {string} environment */
function pythonIn(environment) {
  return join(environment, 'bin', 'python');
}

/** @param {string} path */
function isThere(path) {
  return succeeds(access(path));
}

/** @param {Error & { stderr?: string }} error */
function sayWhy(error) {
  say(error.stderr?.trim() || error.message);
}

/** @param {string} text */
function say(text) {
  process.stderr.write(`make-environments: ${text}\n`);
}
