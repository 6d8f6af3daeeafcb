import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { VARIES } from './cors.ts';
import type { Front } from './forwarded.ts';
import { OWN_HEADER, PROBE_HEADER, WAITED_HEADER } from './probe-mark.ts';
import { idOf } from './request-id.ts';
import { actsOnOthers } from './shared-origin.ts';

export type Headers = Record<string, string | string[]>;

/** Names and values by turns: undici reads them with less work than an object. */
type HeaderList = string[];

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

// The gateway sets these itself, or keeps them: a client's claims about its identity or its body's framing are not forwarded.
const REWRITTEN: ReadonlySet<string> = new Set([
  // A client of an account, or of a proxy in front, sends its key here too; a model's own image may reach the internet. In an account the API leaves them out for containers (`routes/integration.ts`).
  'authorization',
  'x-api-key',
  'content-length',
  // A browser keeps cookies by host, not by port: it would hand a model those of every other program of this machine.
  'cookie',
  'expect',
  'forwarded',
  'host',
  // AWS's web adapter sets it, on Lambda alone.
  'x-amzn-request-context',
]);

/** The headers for a model's server: end-to-end ones unchanged, the gateway's own statement of the request's origin, how the client reaches it and, where needed, the path prefix. */
export function requestHeaders(
  request: IncomingMessage,
  front: Front,
  prefix: string | undefined,
): HeaderList {
  const headers: HeaderList = [
    'x-forwarded-for',
    request.socket.remoteAddress ?? '',
    'x-forwarded-proto',
    front.protocol,
  ];
  forEndToEnd(request.headers, isRewritten, (name, value) => {
    if (typeof value === 'string') headers.push(name, value);
    else for (const each of value) headers.push(name, each);
  });
  if (PROBE_HEADER in request.headers) headers.push(OWN_HEADER, '1');
  if (prefix !== undefined) headers.push('x-forwarded-prefix', front.prefix + prefix);
  if (front.host !== undefined) headers.push('x-forwarded-host', front.host);
  const length = request.headers['content-length'];
  if (length !== undefined) headers.push('content-length', length);
  return headers;
}

/** The headers for a client: end-to-end ones that act on this model alone, the revision that the gateway chose and how long it let a probe wait, whatever the server claims, and the request's id. */
export function responseHeaders(
  received: IncomingHttpHeaders,
  revision: string,
  response: ServerResponse,
): Headers {
  const headers: Headers = {};
  forEndToEnd(received, isOurs, (name, value) => {
    headers[name] = value;
  });
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

function forEndToEnd(
  received: ReceivedHeaders,
  isLeftOut: (name: string) => boolean,
  keep: (name: string, value: string | string[]) => void,
): void {
  const named = namesIn(received['connection']);
  for (const name of Object.keys(received)) {
    const value = received[name];
    const isKept = !HOP_BY_HOP.has(name) && !named.includes(name) && !isLeftOut(name);
    if (value !== undefined && isKept) keep(name, value);
  }
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
