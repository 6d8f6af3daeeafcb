import { writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';

// The real one does the same: runtimes/onnx/serving/node-http.ts.
const { createServer } = process.getBuiltinModule('node:http');

const channel = new Socket({ fd: Number(process.env['CHANNEL_FD']) });

/** Sends a message on the channel to Slipway. */
export function tell(message: object): void {
  channel.write(`${JSON.stringify(message)}\n`);
}

/**
 * A model server for tests, under the contract of the real ones: listens on LISTENING_FD, or on HOST and PORT as in a container, sends `{listening}` and `{ready}` on CHANNEL_FD,
 * ends when the channel closes, and on SIGTERM once its requests have ended. Without `answer` it never gets ready.
 * Leaves a file `PID.pid` in its HOME before it sends anything, and is ready once it is `loaded`.
 */
export function serve(answer?: RequestListener, loaded = Promise.resolve()): void {
  const server = createServer(answer ?? ((_request, response) => response.writeHead(503).end()));
  const { LISTENING_FD: fd, PORT: port, HOST: host } = process.env;
  server.listen(fd ? { fd: Number(fd) } : { port: Number(port), host }, () => {
    writeFileSync(join(process.env['HOME'] ?? '', `${process.pid}.pid`), '');
    tell({ listening: (server.address() as AddressInfo).port });
    if (answer) void loaded.then(() => tell({ ready: true }));
  });
  channel.once('close', () => process.kill(process.pid, 'SIGKILL')).resume();
  process.on('SIGTERM', () => server.close(() => process.exit(0)));
}

/** Answers 200 to a health check, and calls `answer` for any other request. */
export function healthy(answer: RequestListener): RequestListener {
  return (request, response) => {
    const isProbe = request.url === '/ping' || request.url?.startsWith('/v2/health/');
    if (isProbe) response.end('{}');
    else answer(request, response);
  };
}
