import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { Server as TlsServer } from 'node:tls';
import type { TlsFiles } from './tls-files.ts';

// A connection that never says anything must not hold up the end of Slipway.
const HANDSHAKE_MS = 5_000;

/** A server of HTTP/1.1, by TLS where there is a certificate; a new certificate counts for new connections. */
export function httpServer(
  options: ServerOptions,
  handler: RequestListener,
  tls: TlsFiles | undefined,
): Server {
  if (!tls) return createServer(options, handler);
  const server = createTlsServer(
    { ...options, ...tls.current(), minVersion: 'TLSv1.2', handshakeTimeout: HANDSHAKE_MS },
    handler,
  );
  tls.follow((pair) => server.setSecureContext({ ...pair, minVersion: 'TLSv1.2' }));
  return server;
}

/** The event with which the sockets of a server's requests come: by TLS another one than that of the connection below. */
export function socketEvent(server: Server): 'connection' | 'secureConnection' {
  return server instanceof TlsServer ? 'secureConnection' : 'connection';
}
