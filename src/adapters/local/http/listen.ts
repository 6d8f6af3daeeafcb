import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { errorCode } from '#adapters/local/files/file-state.ts';
import { Failure } from '#domain/failure.ts';

const MAX_TRIES = 50;
const LAST_PORT = 65_535;

export type Wanted = {
  readonly host: string;
  /** 0 means any. */
  readonly port: number;
  /** The option by which a person has asked for this port and no other; without it the first free one from there on is taken. */
  readonly askedBy?: string | undefined;
  /** A port that is another's though it is free still. */
  readonly except?: number | undefined;
};

/**
 * Binds `server` to the port, or to the first free one of 50, and returns it.
 * Fails with `PlatformUnavailable` when it is, or all are, busy, with `PlatformDenied` when this user may not have the port.
 */
export async function listen(
  server: Server,
  { host, port, askedBy, except }: Wanted,
): Promise<number> {
  const last = Math.min(port + MAX_TRIES - 1, LAST_PORT);
  for (let next = port; ; next += 1) {
    if (next === except && next < last) continue;
    try {
      server.listen(next, host);
      await once(server, 'listening');
      return boundPort(server);
    } catch (cause) {
      if (errorCode(cause) !== 'EADDRINUSE') throw refused(cause, next);
      if (askedBy !== undefined) throw busy(cause, `${port} of ${host}`, askedBy);
      if (next === last) throw allBusy(cause, `${port} to ${last} of ${host}`);
    }
  }
}

/** Fails as `listen` does where the port that a person has asked for cannot be had now; 0 can always be. */
export async function requirePort(wanted: Wanted & { readonly askedBy: string }): Promise<void> {
  const server = createServer();
  await listen(server, wanted);
  server.close();
  await once(server, 'close');
}

function boundPort(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('not a TCP server');
  return address.port;
}

function busy(cause: unknown, port: string, option: string): Failure {
  return new Failure('PlatformUnavailable', `another program has the port ${port}`, {
    cause,
    fix: `Name another by ${option}, or leave ${option} out: then a free one is taken. \`slipway doctor\` says who holds the usual ones.`,
  });
}

function allBusy(cause: unknown, ports: string): Failure {
  return new Failure('PlatformUnavailable', `other programs have all the ports from ${ports}`, {
    cause,
    fix: 'Name a port that is free: --port for the gateway, --control-port for the control API.',
  });
}

function refused(cause: unknown, port: number): unknown {
  if (errorCode(cause) !== 'EACCES') return cause;
  return new Failure('PlatformDenied', `this user may not listen on port ${port}`, {
    cause,
    fix: 'Name one from 1024 on: --port for the gateway, --control-port for the control API.',
  });
}
