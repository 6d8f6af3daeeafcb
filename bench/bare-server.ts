import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { CHANNEL_FD, modelChannel } from '#adapters/local/servers/model-channel.ts';

const SERVER = fileURLToPath(new URL('../runtimes/onnx/main.ts', import.meta.url));

/** Starts the ONNX model server on a file with nothing around it, has `call` call the model `model` at its origin, and ends it; returns the ms from the start until that answer. */
export async function bareStart(
  path: string,
  call: (url: string) => Promise<unknown>,
): Promise<number> {
  const startedAt = performance.now();
  const server = spawn(process.execPath, [SERVER], {
    env: {
      PATH: process.env['PATH'],
      MODEL_PATH: path,
      MODEL_NAME: 'model',
      PORT: '0',
      CHANNEL_FD: String(CHANNEL_FD),
    },
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  });
  let port = 0;
  await new Promise<void>((ready) => {
    modelChannel(server).onMessage((message) => {
      if ('listening' in message) port = message.listening;
      else ready();
    });
  });
  await call(`http://127.0.0.1:${port}/v2/models/model/infer`);
  const tookMs = performance.now() - startedAt;
  const exited = once(server, 'exit');
  server.kill('SIGTERM');
  await exited;
  return tookMs;
}
