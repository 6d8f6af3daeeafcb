import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const TOOLS = new URL('../../buildspecs/commands/python-tools.mjs', import.meta.url);

/** The Python of an environment with the packages of a file of this folder, made once by uv, and kept in the user's cache; what a script imports is compiled by its first start. */
export async function pythonOf(requirements: string): Promise<string> {
  const file = join(import.meta.dirname, requirements);
  const hash = createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
    .slice(0, 16);
  const folder = join(homedir(), '.cache', 'slipway-tests', `bench-${hash}`);
  const python = join(folder, 'bin', 'python');
  if (existsSync(python)) return python;
  const { findUv } = await import(String(TOOLS));
  const uv: string = await findUv();
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  const venv = ['venv', '--quiet', '--no-python-downloads', '--python', 'python>=3.10,<3.14'];
  await run(uv, [...venv, partial]);
  const install = ['pip', 'install', '--quiet', '--only-binary', ':all:'];
  const into = ['--python', join(partial, 'bin', 'python'), '-r', file];
  await run(uv, [...install, ...into]);
  await rename(partial, folder);
  return python;
}
