import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const SERVER = fileURLToPath(new URL('../runtimes/onnx/main.ts', import.meta.url));

/** Starts the ONNX model server on a file with nothing around it, has `call` call the model `model` at its origin, and ends it; answers the ms from the start until that had its answer. */
export async function bareStart(
  path: string,
  call: (url: string) => Promise<unknown>,
): Promise<number> {
  const startedAt = performance.now();
  const server = fork(SERVER, {
    env: { PATH: process.env['PATH'], MODEL_PATH: path, MODEL_NAME: 'model', PORT: '0' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  let port = 0;
  await new Promise<void>((ready) => {
    server.on('message', (message: { listening?: number; ready?: boolean }) => {
      port = message.listening ?? port;
      if (message.ready) ready();
    });
  });
  await call(`http://127.0.0.1:${port}/v2/models/model/infer`);
  const tookMs = performance.now() - startedAt;
  const exited = once(server, 'exit');
  server.kill('SIGTERM');
  await exited;
  return tookMs;
}
