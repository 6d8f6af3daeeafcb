import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../slipway.js', import.meta.url));

export type Result = { code: number | null; stdout: string; stderr: string };

export type RunningCommand = {
  readonly result: Promise<Result>;
  readonly output: () => string;
  interrupt(): void;
};

/** The command line as a user runs it, without a terminal. */
export function runCli(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd = '.',
  main = MAIN,
): RunningCommand {
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const result: Result = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (text) => {
    result.stdout += text;
  });
  child.stderr.on('data', (text) => {
    result.stderr += text;
  });
  return {
    result: new Promise((resolve) => child.on('close', (code) => resolve({ ...result, code }))),
    output: () => result.stdout + result.stderr,
    interrupt() {
      child.kill('SIGINT');
    },
  };
}
