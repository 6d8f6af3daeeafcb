import { once } from 'node:events';
import type { Server } from 'node:net';
import { errorCode } from '#adapters/local/registry/file-state.ts';
import { Failure } from '#domain/failure.ts';

const MAX_TRIES = 50;
const LAST_PORT = 65_535;

/**
 * Binds `server` to the first free port from `port`, trying at most 50, and returns it; port 0 means any.
 * Fails with `PlatformUnavailable` when all are busy, with `PlatformDenied` when this user may not have the port.
 */
export async function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<number> {
  const last = Math.min(port + MAX_TRIES - 1, LAST_PORT);
  for (let next = port; ; next += 1) {
    try {
      server.listen(next, host);
      await once(server, 'listening');
      return boundPort(server);
    } catch (cause) {
      if (errorCode(cause) !== 'EADDRINUSE') throw refused(cause, next);
      if (next === last) throw allBusy(cause, `${port} to ${last} of ${host}`);
    }
  }
}

function boundPort(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('not a TCP server');
  return address.port;
}

function allBusy(cause: unknown, ports: string): Failure {
  return new Failure('PlatformUnavailable', `other programs have all the ports from ${ports}`, {
    cause,
    fix: 'Name another first port to try: --port for the gateway, --control-port for the control API.',
  });
}

function refused(cause: unknown, port: number): unknown {
  if (errorCode(cause) !== 'EACCES') return cause;
  return new Failure('PlatformDenied', `this user may not listen on port ${port}`, {
    cause,
    fix: 'Name one from 1024 on: --port for the gateway, --control-port for the control API.',
  });
}
