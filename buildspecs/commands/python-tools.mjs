// The Python tools that this machine has, or that are installed for it.
import { execFile } from 'node:child_process';
import { access, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cached, home } from './caches.mjs';
import { succeeds } from './programs.mjs';

const run = promisify(execFile);
const UV = 'uv==0.13.9';

/**
 * The first of these versions that this machine has. pyenv's own Pythons are tried first: some of its shims fail, after a quarter of a second.
 * @param {string} uv
 * @param {readonly string[]} pythons
 */
export async function findPython(uv, pythons) {
  for (const version of pythons) {
    const found = (await pyenvs(version)) ?? (await systems(uv, version));
    if (found) return found;
  }
  throw new Error(
    `the model needs Python ${pythons.join(' or ')}, but none of them is installed; install one, for example by \`uv python install ${pythons[0]}\``,
  );
}

/**
 * @param {string} uv
 * @param {string} version
 */
function systems(uv, version) {
  const find = ['python', 'find', '--no-python-downloads', '--system', version];
  return run(uv, find).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
}

/** @param {string} version */
async function pyenvs(version) {
  const folder = join(home(), '.pyenv', 'versions');
  const names = await readdir(folder).catch(() => []);
  const name = names
    .filter((each) => each.startsWith(`${version}.`))
    .sort()
    .at(-1);
  const python = name && join(folder, name, 'bin', 'python');
  return python && (await succeeds(access(python))) ? python : undefined;
}

/** The machine's own uv, or one kept in the user's cache, where uv also keeps its packages. */
export async function findUv() {
  const tools = cached('tools');
  const [folder, partial] = [join(tools, UV), join(tools, `${UV}.${process.pid}.partial`)];
  const own = join(folder, 'bin', 'uv');
  for (const uv of ['uv', own]) if (await runs(uv)) return uv;
  const python = await firstPython();
  await makeCache(tools);
  try {
    await installUv(python, partial);
    await rename(partial, folder).catch(() => undefined);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return own;
}

/** @param {string} folder */
async function makeCache(folder) {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new Error(
      `${folder} cannot be made (${error.code}), and Python's packages are installed through it; set XDG_CACHE_HOME to a folder that this user may write`,
    );
  }
}

/**
 * Uses the Python's own pip or, if it has none, that of a virtual environment, which takes three times as long to create.
 * @param {string} python
 * @param {string} folder
 */
async function installUv(python, folder) {
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  const into = ['--only-binary', ':all:', '--no-deps', '--target', folder];
  if (await succeeds(run(python, [...install, ...into, UV]))) return;
  await rm(folder, { recursive: true, force: true });
  await run(python, ['-m', 'venv', folder]);
  await run(join(folder, 'bin', 'python'), [...install, UV]);
}

async function firstPython() {
  for (const python of ['python3', 'python']) if (await runs(python)) return python;
  throw new Error(
    'the model needs Python, but it is not installed; install Python 3.9 or later, or use `slipway start --engine docker`',
  );
}

// For a path below a file this throws at once, instead of rejecting.
/** @param {string} program */
function runs(program) {
  return succeeds((async () => run(program, ['--version']))());
}
