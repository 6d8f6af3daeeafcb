import type { IncomingMessage, ServerResponse } from 'node:http';

/** Lets pages of these origins call models: adds the headers that browsers require, and answers preflight requests itself, returning true. */
export type Cors = (request: IncomingMessage, response: ServerResponse) => boolean;

const EXPOSED =
  'x-slipway-revision, x-slipway-warning, x-request-id, inference-header-content-length';
const A_DAY = '86400';

/** https://fetch.spec.whatwg.org/#http-cors-protocol; an origin is `https://HOST`, with its port if it has one. */
export function corsFor(origins: () => readonly string[]): Cors {
  return ({ method, headers }, response) => {
    const { origin } = headers;
    // Also where nothing is allowed: a cache may keep that answer, and give it to a page that is.
    response.setHeader('vary', 'origin');
    if (origin === undefined || !origins().includes(origin)) return false;
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-expose-headers', EXPOSED);
    if (method !== 'OPTIONS' || !headers['access-control-request-method']) return false;
    response.setHeader('access-control-allow-methods', 'GET, HEAD, POST');
    const asked = headers['access-control-request-headers'];
    if (asked !== undefined) response.setHeader('access-control-allow-headers', asked);
    response.setHeader('access-control-max-age', A_DAY);
    response.writeHead(204).end();
    return true;
  };
}
