// Compiles the files of an environment that are imported: a tenth of all files, and the only ones that the next process needs.
import { execFile } from 'node:child_process';
import { readdir, realpath } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { cached } from './caches.mjs';
import { piped } from './programs.mjs';

const run = promisify(execFile);
const MOST_OUTPUT = { maxBuffer: 2 ** 24 };

/**
 * Compiles ahead the files that these modules will import, and these files beside them; returns the files of the modules.
 * `last` are modules that are imported later than all the others: `onFirst` is called once only their imports are left.
 * @param {string} python
 * @param {readonly string[]} modules
 * @param {{ files?: readonly string[], last?: readonly string[], onFirst?: () => void, kept?: string }} [options]
 */
export async function compileImported(python, modules, options = {}) {
  const { files = [], last = [], onFirst = () => {}, kept = cached('bytecode') } = options;
  const { stdout } = await compiling(python, {
    modules: [...modules, '--', ...last],
    kept,
    files: await ownFiles(python, files),
    onFirst,
  });
  return stdout.split('\n').filter(Boolean);
}

/**
 * Compiles those of these files that belong to the environment: the process that listed them has loaded the artifact, and may name others. PYTHON is the environment's own.
 * @param {string} python
 * @param {readonly string[]} files
 * @param {string} [kept]
 */
export async function compileFiles(python, files, kept = cached('bytecode')) {
  const own = await ownFiles(python, files);
  if (own.length > 0) await compiling(python, { modules: [], kept, files: own });
}

/**
 * Compiled files are kept for the same files of other environments. Python runs with -S, since it would otherwise run the code in .pth files.
 * @param {string} python
 * @param {{ modules: readonly string[], files: readonly string[], kept: string, onFirst?: () => void }} given
 */
async function compiling(python, { modules, files, kept, onFirst = () => {} }) {
  const lib = join(await folderOf(python), 'lib');
  const [version = ''] = await readdir(lib);
  const program = resolve('buildspecs/commands/compile-imported.py');
  const given = ['-I', '-S', program, join(lib, version, 'site-packages'), kept, ...modules];
  const running = run(python, given, MOST_OUTPUT);
  const { stdin, stdout } = piped(running.child);
  stdin.on('error', () => undefined);
  stdin.end(files.join('\n'));
  createInterface(stdout).on('line', (line) => {
    if (line === '') onFirst();
  });
  return running;
}

/**
 * @param {string} python
 * @param {readonly string[]} files
 */
async function ownFiles(python, files) {
  const folder = `${await folderOf(python)}${sep}`;
  const real = await Promise.all(files.map((file) => realpath(file).catch(() => '')));
  return real.filter((file) => file.startsWith(folder) && /^[^\n\r]+\.py$/.test(file));
}

/** @param {string} python */
function folderOf(python) {
  return realpath(dirname(dirname(python)));
}
