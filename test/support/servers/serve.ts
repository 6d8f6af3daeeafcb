import { writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

// As the real one has it: runtimes/onnx/serving/node-http.ts.
const { createServer } = process.getBuiltinModule('node:http');

/**
 * A model server for tests, under the contract of the real ones: listens on HOST and PORT, tells `{listening}` and `{ready}` over IPC,
 * ends when the channel closes, and on SIGTERM once its requests have ended. Without `answer` it never gets ready.
 * Leaves a file `PID.pid` in its HOME before it tells anything, and is ready once it is `loaded`.
 */
export function serve(answer?: RequestListener, loaded = Promise.resolve()): void {
  const server = createServer(answer ?? ((_request, response) => response.writeHead(503).end()));
  server.listen(Number(process.env['PORT']), process.env['HOST'], () => {
    const { port } = server.address() as AddressInfo;
    writeFileSync(join(process.env['HOME'] ?? '', `${process.pid}.pid`), '');
    process.send?.({ listening: port });
    if (answer) void loaded.then(() => process.send?.({ ready: true }));
  });
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.on('SIGTERM', () => server.close(() => process.exit(0)));
}

/** 200 to a look at its health, and to anything else what `answer` makes of it. */
export function healthy(answer: RequestListener): RequestListener {
  return (request, response) => {
    const isProbe = request.url === '/ping' || request.url?.startsWith('/v2/health/');
    if (isProbe) response.end('{}');
    else answer(request, response);
  };
}
