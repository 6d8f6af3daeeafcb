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
export async function pythonWith(
  ...requirements: readonly string[]
): Promise<string | PythonMissing> {
  try {
    const { stdout: version } = await run('python3', ['-c', SAY_VERSION]);
    const files = requirements.map((name) => resolve(FOLDER, name));
    const hash = createHash('sha256').update(version);
    for (const file of files) hash.update(await readFile(file));
    const folder = join(CACHE, `python-${hash.digest('hex').slice(0, 16)}`);
    const python = join(folder, 'bin', 'python');
    if (!(await exists(python))) await make(folder, files, version.split('\n', 1)[0] ?? '');
    return python;
  } catch (error) {
    return { missing: String(error).split('\n', 1)[0] ?? '' };
  }
}

const SAY_VERSION =
  'import sys; assert sys.version_info >= (3, 9), "Python 3.9 or later is needed"; print(sys.executable, sys.version, sep="\\n")';

/**
 * Two test files may make it at once: each makes its own, and the first one stays. uv takes a quarter of pip's CPU seconds, and keeps each package for other
 * environments and for the builds of the tests. All is compiled here, since many processes of tests write no bytecode.
 */
async function make(folder: string, files: readonly string[], base: string): Promise<void> {
  const own = `${folder}-${randomUUID()}`;
  const uv = await findUv();
  await mkdir(CACHE, { recursive: true });
  try {
    // A folder's scripts name it, so only `python -m` works once it has another name.
    await run(uv, ['venv', '--quiet', '--python', base, own]);
    const install = ['pip', 'install', '--quiet', '--compile-bytecode'];
    const from = files.flatMap((file) => ['-r', file]);
    const into = ['--python', join(own, 'bin', 'python')];
    await run(uv, [...install, ...into, ...from], { timeout: MINUTES_5 });
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
