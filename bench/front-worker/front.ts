// The front of the spike: the ONNX server's HTTP, protocols and limits before a worker in Python. PYTHON and WORKER are the worker's program and script.
import { once } from 'node:events';
import { readConfig } from '../../runtimes/onnx/config.ts';
import { readBody } from '../../runtimes/onnx/serving/body.ts';
import { createServer } from '../../runtimes/onnx/serving/node-http.ts';
import { createRoutes } from '../../runtimes/onnx/serving/routes.ts';
import { createModelServer } from '../../runtimes/onnx/serving/server.ts';
import type { Session } from '../../runtimes/onnx/session/session.ts';
import { startWorker, type Worker } from './worker.ts';

const worker = startWorker(process.env['PYTHON'] ?? '', process.env['WORKER'] ?? '');
const config = readConfig(process.env);
let session: Session | undefined;
const { signature, isCode } = await worker.described;
session = { signature, run: (run) => worker.run(run), idle: async () => undefined };
const server = isCode
  ? codeServer(worker)
  : createModelServer(
      createRoutes(config, () => session),
      config,
    );
server.listen(config.port, config.host);
await once(server, 'listening');

function codeServer({ invoke }: Worker) {
  return createServer(async (request, response) => {
    const type = request.headers['content-type'] ?? 'application/json';
    const body = await readBody(request, config.maxBodyBytes);
    await invoke(body, type, request.headers['accept'] ?? '', (piece) => {
      if (!response.headersSent) response.setHeader('content-type', piece.type);
      if (piece.isLast) response.end(piece.bytes);
      else response.write(piece.bytes);
    });
  });
}
