import type { IncomingMessage, ServerResponse } from 'node:http';
import { CORS } from '#domain/cors.ts';

/** Lets pages of these origins call models: adds the headers that browsers require, and answers preflight requests itself, returning true. */
export type Cors = (request: IncomingMessage, response: ServerResponse) => boolean;

/** https://fetch.spec.whatwg.org/#http-cors-protocol; an origin is `https://HOST`, with its port if it has one. */
export function corsFor(origins: () => readonly string[]): Cors {
  return ({ method, headers }, response) => {
    const { origin } = headers;
    // Also where nothing is allowed: a cache may keep that answer, and give it to a page that is.
    response.setHeader('vary', 'origin');
    if (origin === undefined || !origins().includes(origin)) return false;
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-expose-headers', CORS.exposedHeaders);
    if (method !== 'OPTIONS' || !headers['access-control-request-method']) return false;
    response.setHeader('access-control-allow-methods', CORS.methods);
    const asked = headers['access-control-request-headers'];
    if (asked !== undefined) response.setHeader('access-control-allow-headers', asked);
    response.setHeader('access-control-max-age', String(CORS.maxAgeSeconds));
    response.writeHead(204).end();
    return true;
  };
}
