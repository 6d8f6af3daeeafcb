import { once } from 'node:events';
import type { Server } from 'node:http';
import type { Timers } from '#adapters/local/concurrency/timers.ts';
import type { OpenAnswers } from '#adapters/local/http/open-answers.ts';

const GRACE_MS = 5_000;
const SWEEP_MS = 20;

/**
 * The function that closes a server: no new connections, 5 s for requests in flight, then the rest is cut.
 * Node's own `closeIdleConnections` skips connections that never carried a request, such as those that browsers open in advance.
 */
export function gracefulClose(
  server: Server,
  answers: OpenAnswers,
  timers: Timers,
): () => Promise<void> {
  const sweep = () =>
    answers.count() > 0 ? server.closeIdleConnections() : server.closeAllConnections();

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
