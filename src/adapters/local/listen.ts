import { once } from 'node:events';
import type { Server } from 'node:net';

const MAX_TRIES = 50;

/**
 * Binds `server` to the first free port from `port`, trying at most 50, and returns it; port 0 means any.
 * When all are busy, throws the last `EADDRINUSE`.
 */
export async function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<number> {
  for (let next = port; ; next += 1) {
    try {
      server.listen(next, host);
      await once(server, 'listening');
      return boundPort(server);
    } catch (error) {
      if (!isBusy(error) || next === port + MAX_TRIES - 1) throw error;
    }
  }
}

function boundPort(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('not a TCP server');
  return address.port;
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}
