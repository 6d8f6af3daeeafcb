import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Timers } from '#adapters/local/concurrency/timers.ts';

const GRACE_MS = 5_000;
const SWEEP_MS = 20;

/**
 * Watches a server from its start, and returns the function that closes it: no new connections, 5 s for requests in flight, then the rest is cut.
 * Node's own `closeIdleConnections` skips connections that never carried a request, such as those that browsers open in advance.
 */
export function gracefulClose(server: Server, timers: Timers): () => Promise<void> {
  let answering = 0;
  const watch = (_request: IncomingMessage, response: ServerResponse) => {
    answering += 1;
    response.once('close', () => {
      answering -= 1;
    });
  };
  const sweep = () =>
    answering > 0 ? server.closeIdleConnections() : server.closeAllConnections();
  server.on('request', watch).on('checkContinue', watch).on('checkExpectation', watch);

  return async () => {
    const closed = once(server, 'close');
    server.close();
    sweep();
    const sweeping = setInterval(sweep, SWEEP_MS);
    const callOff = timers.after(GRACE_MS, () => server.closeAllConnections());
    await closed;
    clearInterval(sweeping);
    callOff();
  };
}
