import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { idOf } from './request-id.ts';

export type Headers = Record<string, string | string[]>;

type ReceivedHeaders = Readonly<Record<string, string | string[] | undefined>>;

// RFC 9110 §7.6.1, with the older names that proxies still meet: they speak of one connection, so none may pass on.
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

// The gateway says these itself: a client's word for who it is, or how its body is framed, is not passed on.
const REWRITTEN: ReadonlySet<string> = new Set(['content-length', 'expect', 'forwarded', 'host']);

/** The headers a model's server gets: end-to-end ones as they came, and the gateway's own word for where the request comes from, and where it is asked for what stands before its path. */
export function requestHeaders(request: IncomingMessage, prefix: string | undefined): Headers {
  const headers = endToEnd(request.headers, isRewritten);
  headers['x-forwarded-for'] = request.socket.remoteAddress ?? '';
  headers['x-forwarded-proto'] = 'http';
  if (prefix !== undefined) headers['x-forwarded-prefix'] = prefix;
  if (request.headers.host !== undefined) headers['x-forwarded-host'] = request.headers.host;
  const length = request.headers['content-length'];
  if (length !== undefined) headers['content-length'] = length;
  return headers;
}

/** The headers a client gets: end-to-end ones, the revision that the gateway chose, whatever the server called itself, and the id of its request. */
export function responseHeaders(
  received: IncomingHttpHeaders,
  revision: string,
  response: ServerResponse,
): Headers {
  const headers = endToEnd(received, () => false);
  headers['x-slipway-revision'] = revision;
  headers['x-request-id'] = idOf(response.req);
  // What is said here takes the place of what was said before.
  if (response.hasHeader('vary') && headers['vary'] !== undefined) {
    headers['vary'] = `${headers['vary']}, ${response.getHeader('vary')}`;
  }
  return headers;
}

function isRewritten(name: string): boolean {
  return REWRITTEN.has(name) || name.startsWith('x-forwarded-');
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

/** The further headers that `Connection` says are of this connection only. */
function namesIn(connection: string | string[] = []): readonly string[] {
  // Nearly all say one of these two or nothing.
  if (connection === 'keep-alive' || connection === 'close') return [];
  return [connection]
    .flat()
    .flatMap((value) => value.split(','))
    .map((name) => name.trim().toLowerCase());
}
