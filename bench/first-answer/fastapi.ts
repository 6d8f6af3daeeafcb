import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../proxies.ts';

const POLL_MS = 5;
const SERVER = fileURLToPath(new URL('./fastapi_server.py', import.meta.url));

/** Starts FastAPI on a model with this Python, has `call` call it once it listens, and ends it; answers the ms from the start until that had its answer. */
export async function fastapiStart(
  python: string,
  path: string,
  call: (url: string) => Promise<unknown>,
): Promise<number> {
  const port = await freePort();
  const startedAt = performance.now();
  const server = spawn(python, [SERVER], {
    env: { PATH: process.env['PATH'], MODEL_PATH: path, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  while (!(await listens(url))) {
    if (server.exitCode !== null) throw new Error(`${python} ${SERVER} ended`);
    await sleep(POLL_MS);
  }
  await call(`${url}/infer`);
  const tookMs = performance.now() - startedAt;
  const exited = once(server, 'exit');
  server.kill('SIGKILL');
  await exited;
  return tookMs;
}

function listens(url: string): Promise<boolean> {
  return fetch(url).then(
    async (response) => Boolean(await response.arrayBuffer()),
    () => false,
  );
}
