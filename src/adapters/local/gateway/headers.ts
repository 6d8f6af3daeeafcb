import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { VARIES } from './cors.ts';
import { frontOf } from './forwarded.ts';
import { WAITED_HEADER } from './probe-mark.ts';
import { idOf } from './request-id.ts';
import { actsOnOthers } from './shared-origin.ts';

export type Headers = Record<string, string | string[]>;

type ReceivedHeaders = Readonly<Record<string, string | string[] | undefined>>;

// RFC 9110 §7.6.1, with older names that proxies still meet: they apply to a single connection, so none may be forwarded.
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

// The gateway sets these itself: a client's claims about its identity or its body's framing are not forwarded.
const REWRITTEN: ReadonlySet<string> = new Set([
  'content-length',
  // A browser keeps cookies by host, not by port: it would hand a model those of every other program of this machine.
  'cookie',
  'expect',
  'forwarded',
  'host',
  // By AWS's web adapter, on Lambda alone.
  'x-amzn-request-context',
]);

/** The headers for a model's server: end-to-end ones unchanged, the gateway's own statement of the request's origin, how the client reaches it and, where needed, the path prefix. */
export function requestHeaders(request: IncomingMessage, prefix: string | undefined): Headers {
  const headers = endToEnd(request.headers, isRewritten);
  headers['x-forwarded-for'] = request.socket.remoteAddress ?? '';
  const front = frontOf(request.headers);
  headers['x-forwarded-proto'] = front.protocol;
  if (prefix !== undefined) headers['x-forwarded-prefix'] = front.prefix + prefix;
  if (front.host !== undefined) headers['x-forwarded-host'] = front.host;
  const length = request.headers['content-length'];
  if (length !== undefined) headers['content-length'] = length;
  return headers;
}

/** The headers for a client: end-to-end ones that act on this model alone, the revision that the gateway chose and how long it let a probe wait, whatever the server claims, and the request's id. */
export function responseHeaders(
  received: IncomingHttpHeaders,
  revision: string,
  response: ServerResponse,
): Headers {
  const headers = endToEnd(received, isOurs);
  headers['x-content-type-options'] = 'nosniff';
  headers['x-slipway-revision'] = revision;
  headers['x-request-id'] = idOf(response.req);
  const [name, ours] = VARIES;
  headers[name] = headers[name] === undefined ? ours : `${headers[name]}, ${ours}`;
  return headers;
}

// Only the gateway tells a probe how long it waited: a slow model that said so itself would pass for a quick one.
function isOurs(name: string): boolean {
  return name === WAITED_HEADER || actsOnOthers(name);
}

// Nobody but Slipway says where a request comes from, by whose key, and that it is a probe.
const CLAIMS = /^x-(?:forwarded|slipway)-/;

function isRewritten(name: string): boolean {
  return REWRITTEN.has(name) || CLAIMS.test(name);
}

function endToEnd(received: ReceivedHeaders, isLeftOut: (name: string) => boolean): Headers {
  const named = namesIn(received['connection']);
  const kept: Headers = {};
  for (const name of Object.keys(received)) {
    const value = received[name];
    const isKept = !HOP_BY_HOP.has(name) && !named.includes(name) && !isLeftOut(name);
    if (value !== undefined && isKept) kept[name] = value;
  }
  return kept;
}

/** Further headers that `Connection` declares as specific to this connection. */
function namesIn(connection: string | string[] = []): readonly string[] {
  // Nearly every request has one of these two, or none.
  if (connection === 'keep-alive' || connection === 'close') return [];
  return [connection]
    .flat()
    .flatMap((value) => value.split(','))
    .map((name) => name.trim().toLowerCase());
}
