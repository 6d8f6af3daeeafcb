import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const TOOLS = new URL('../../buildspecs/commands/python-tools.mjs', import.meta.url);

export async function uvProgram(): Promise<string> {
  const { findUv } = await import(String(TOOLS));
  return findUv();
}

/** The folder of the environment with the packages of a file; `pythonOf` makes it. */
export async function environmentOf(requirements: string): Promise<string> {
  const text = await readFile(requirements);
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  return join(homedir(), '.cache', 'slipway-tests', `bench-${hash}`);
}

/** The Python of an environment with the packages of a file, made once by uv, and kept in the user's cache. Scripts compile their imports when they are first started. */
export async function pythonOf(requirements: string): Promise<string> {
  const folder = await environmentOf(requirements);
  const python = join(folder, 'bin', 'python');
  if (existsSync(python)) return python;
  const uv = await uvProgram();
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  const venv = ['venv', '--quiet', '--no-python-downloads', '--python', 'python>=3.10,<3.14'];
  await run(uv, [...venv, partial]);
  const install = ['pip', 'install', '--quiet', '--only-binary', ':all:'];
  const into = ['--python', join(partial, 'bin', 'python'), '-r', requirements];
  await run(uv, [...install, ...into]);
  await rename(partial, folder);
  return python;
}
