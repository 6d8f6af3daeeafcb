import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** A new secret for a control API: 256 bits, in the letters that a header may have. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

// A monitor runs as a user of its own. Both only tell how this Slipway is, and the gateway names its models to everybody anyway.
const OPEN: readonly (string | undefined)[] = ['/healthz', '/metrics'];

/**
 * Refuses with 401 each request that does not carry `token` as a bearer token (RFC 6750 §2.1): a port of loopback is open to every user of the machine.
 * `/healthz` and `/metrics` answer without one.
 */
export function requiringToken(token: string) {
  const wanted = digestOf(`Bearer ${token}`);
  return async ({ headers, routeOptions }: FastifyRequest, reply: FastifyReply) => {
    if (OPEN.includes(routeOptions.url)) return;
    // Two digests have one length, so that the comparison takes the same time whatever was sent.
    if (timingSafeEqual(digestOf(headers.authorization ?? ''), wanted)) return;
    return reply
      .code(401)
      .header('www-authenticate', 'Bearer')
      .send({
        error: `the request does not carry this Slipway's token${headers.authorization ? ', but another one' : ''}`,
        fix: 'Send `authorization: Bearer TOKEN`, with the `token` of instance.json in the data folder: its owner alone may read it, and each start makes a new one. The command line does so by itself; run it as the user that runs Slipway.',
      });
  };
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
