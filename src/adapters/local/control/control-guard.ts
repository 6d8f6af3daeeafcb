import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Guard } from '#control/handler.ts';
import { jsonResponse } from '#control/json-response.ts';
import { Failure } from '#domain/failure.ts';

/** A new secret for a control API: 256 bits, in the letters that a header may have. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

const OWN_NAMES: readonly string[] = ['127.0.0.1', '[::1]', '::1', 'localhost'];

/**
 * Lets only the user of this machine in who runs Slipway. A port of loopback is open to every user of the machine, and to every page in a browser there.
 * Refuses with 400 each request that names another host or comes from a page of another origin, and with 401 each that does not carry `token` or the secret of an open console as a bearer token (RFC 6750 §2.1).
 * `published` is the origin at which a reverse proxy publishes the console: that name and the pages of that origin are let in too. No header says so, since every page in a browser could write one.
 * The open operations answer without a token. `/console/sessions` takes a code for one. `/healthz` and `/metrics` are open because a monitor runs as a user of its own; both only tell how this Slipway is, and the gateway names its models to everybody anyway.
 */
export function loopbackGuard(
  token: string,
  isOpen: (secret: string) => boolean = () => false,
  published?: string,
): Guard {
  const wanted = digestOf(`Bearer ${token}`);
  return ({ headers }, operation) => {
    refuseOtherOrigins(headers, published);
    if (operation?.isOpen) return undefined;
    // Two digests have one length, so that the comparison takes the same time whatever was sent.
    const authorization = headers.get('authorization') ?? '';
    if (timingSafeEqual(digestOf(authorization), wanted)) return undefined;
    const [, secret] = /^Bearer (\S+)$/.exec(authorization) ?? [];
    return secret !== undefined && isOpen(secret) ? undefined : unauthorized(authorization);
  };
}

// A page whose host name was rebound to this machine (DNS rebinding) sends that name as the host; any other page sends its origin.
function refuseOtherOrigins(headers: Headers, published: string | undefined): void {
  const host = headers.get('host') ?? '';
  const name = nameOf(host);
  const isOwn = OWN_NAMES.includes(name);
  if (!isOwn && (published === undefined || name !== new URL(published).hostname)) {
    throw new Failure('InputInvalid', `${name} is not a name of this machine; use 127.0.0.1`);
  }
  const origin = headers.get('origin');
  const isOfOwnPage = origin === published || (isOwn && origin === `http://${host}`);
  if (origin !== null && !isOfOwnPage) {
    throw new Failure('InputInvalid', `pages of ${origin} may not call the control API`);
  }
}

/** A host without its port. */
function nameOf(host: string): string {
  if (host.startsWith('[')) return host.slice(0, host.indexOf(']') + 1);
  return host.split(':', 1)[0] ?? '';
}

function unauthorized(sent: string): Response {
  return jsonResponse(
    {
      error: `the request does not carry this Slipway's token${sent ? ', but another one' : ''}`,
      fix: 'Send `authorization: Bearer TOKEN`, with the `token` of instance.json in the data folder: its owner alone may read it, and each start makes a new one. The command line does so by itself; run it as the user that runs Slipway.',
    },
    { status: 401, headers: { 'www-authenticate': 'Bearer' } },
  );
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
