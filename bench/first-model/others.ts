// The same model without Slipway: a server that its owner writes, with the packages that uv installs for it.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { difference } from '#domain/rollout/json-difference.ts';
import { freePort } from '../proxies.ts';

const run = promisify(execFile);
const POLL_MS = 20;
const READY_MS = 60_000;
const ENDED_MS = 10_000;
const RTOL = 1e-4;
const PACKAGES = ['scikit-learn==1.8.0', 'pandas', 'joblib'];

export const OTHERS = {
  LitServe: { server: 'litserve==0.2.19', command: ['litserve_server.py'] },
  BentoML: {
    server: 'bentoml==1.4.40',
    command: ['-m', 'bentoml', 'serve', 'bentoml_server:Pipeline', '--port', 'PORT'],
  },
} as const;

export type Other = (typeof OTHERS)[keyof typeof OTHERS];

/** A model's file, a request of rows, and the answer that is right. */
export type Asked = {
  readonly path: string;
  readonly body: unknown;
  readonly probabilities: unknown;
};

/** Makes an environment with its packages in `folder`; answers its Python. */
export async function installedBy(
  uv: string,
  python: string,
  { server }: Other,
  folder: string,
): Promise<string> {
  await run(uv, ['venv', '--quiet', '--python', python, folder]);
  const program = join(folder, 'bin', 'python');
  await run(uv, ['pip', 'install', '--quiet', '--python', program, server, ...PACKAGES]);
  return program;
}

/** Starts the server, asks it until it has the first right answer, and ends it with all of its workers; answers when that answer was there. */
export async function firstAnswer(
  python: string,
  { command }: Other,
  home: string,
  { path, body, probabilities }: Asked,
): Promise<number> {
  const port = String(await freePort());
  const given = command.map((part) => (part === 'PORT' ? port : part));
  const server = spawn(python, given, {
    cwd: import.meta.dirname,
    env: { PATH: process.env['PATH'], HOME: home, PORT: port, MODEL_PATH: path },
    stdio: 'ignore',
    detached: true,
  });
  await once(server, 'spawn');
  try {
    const until = performance.now() + READY_MS;
    while (performance.now() < until) {
      const answer = await fetch(`http://127.0.0.1:${port}/predict`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }).catch(() => null);
      if (answer?.ok) {
        requireRight(await answer.json(), probabilities);
        return performance.now();
      }
      await sleep(POLL_MS);
    }
    throw new Error(`${command.join(' ')} does not answer within ${READY_MS} ms`);
  } finally {
    await ended(server);
  }
}

/** BentoML's workers are in groups of their own, and end with the server where that is told to. */
async function ended(server: ChildProcess): Promise<void> {
  const { pid } = server;
  if (pid === undefined || server.exitCode !== null) return;
  const exit = once(server, 'exit');
  process.kill(-pid, 'SIGTERM');
  await Promise.race([exit, sleep(ENDED_MS, undefined, { ref: false })]);
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of them have ended.
  }
}

function requireRight(answer: unknown, probabilities: unknown): void {
  const why = difference((answer as { probabilities: unknown }).probabilities, probabilities, RTOL);
  if (why) throw new Error(why);
}
