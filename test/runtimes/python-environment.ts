import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { COMMANDS } from '../support/local/commands.ts';

const { findUv } = await import(String(pathToFileURL(join(COMMANDS, 'python-tools.mjs'))));
const run = promisify(execFile);

const FOLDER = fileURLToPath(new URL('../../runtimes/python/', import.meta.url));
const CACHE = join(homedir(), '.cache', 'slipway-tests');
const MINUTES_5 = 300_000;

/** Why there is no Python to test with, in one line. */
export type PythonMissing = { readonly missing: string };

/**
 * The Python of an environment with the packages of these files, named from `runtimes/python`, made once and kept in the user's cache.
 * Without a Python from 3.9 on, or a registry, it is missing.
 */
export function pythonWith(...requirements: readonly string[]): Promise<string | PythonMissing> {
  return environmentOf(requirements, []);
}

/** The same with all its files compiled, for processes that write no bytecode, as the server's. */
export function compiledPythonWith(
  ...requirements: readonly string[]
): Promise<string | PythonMissing> {
  return environmentOf(requirements, ['--compile-bytecode']);
}

async function environmentOf(
  requirements: readonly string[],
  options: readonly string[],
): Promise<string | PythonMissing> {
  try {
    const { stdout: version } = await run('python3', ['-c', SAY_VERSION]);
    const files = requirements.map((name) => resolve(FOLDER, name));
    const hash = createHash('sha256').update(version);
    for (const file of files) hash.update(await readFile(file));
    const folder = join(CACHE, `python-${hash.digest('hex').slice(0, 16)}`);
    const python = join(folder, 'bin', 'python');
    if (!(await exists(python))) {
      await make(folder, [...options, ...files.flatMap((file) => ['-r', file])], version);
    }
    return python;
  } catch (error) {
    return { missing: String(error).split('\n', 1)[0] ?? '' };
  }
}

const SAY_VERSION =
  'import sys; assert sys.version_info >= (3, 9), "Python 3.9 or later is needed"; print(sys.executable, sys.version, sep="\\n")';

/** Two test files may make it at once: each makes its own, and the first one stays. uv keeps each package for other environments, and for the builds of the tests. */
async function make(folder: string, wanted: readonly string[], version: string): Promise<void> {
  const own = `${folder}-${randomUUID()}`;
  const uv = await findUv();
  await mkdir(CACHE, { recursive: true });
  try {
    // A folder's scripts name it, so only `python -m` works once it has another name.
    const [base = ''] = version.split('\n', 1);
    await run(uv, ['venv', '--quiet', '--python', base, own]);
    const into = ['--python', join(own, 'bin', 'python')];
    await run(uv, ['pip', 'install', '--quiet', ...into, ...wanted], { timeout: MINUTES_5 });
    await rename(own, folder).catch(() => undefined);
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
