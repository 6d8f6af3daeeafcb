import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** The folder of the commands that a buildspec calls. */
export const COMMANDS = fileURLToPath(new URL('../../../buildspecs/commands/', import.meta.url));

type Env = Readonly<Record<string, string>>;

/** Runs a program to its end. */
export async function run(program: string, args: readonly string[], input = '', env: Env = {}) {
  const { PATH = '', NODE_COMPILE_CACHE = '' } = process.env;
  const child = spawn(program, args, { env: { PATH, NODE_COMPILE_CACHE, ...env } });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, out, err };
}
