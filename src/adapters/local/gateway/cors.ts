import type { IncomingMessage, ServerResponse } from 'node:http';
import { CORS } from '#domain/cors.ts';

/** A cache may keep an answer without the headers of CORS, and give it to a page that may have it: so all answers have this, also where nothing is allowed. */
export const VARIES = ['vary', 'origin'] as const;

/** Lets pages of these origins call models: adds the headers that browsers require, and answers preflight requests itself, returning true. */
export type Cors = (request: IncomingMessage, response: ServerResponse) => boolean;

/** https://fetch.spec.whatwg.org/#http-cors-protocol; an origin is `https://HOST`, with its port if it has one. */
export function corsFor(origins: () => readonly string[]): Cors {
  return ({ method, headers }, response) => {
    const { origin } = headers;
    if (origin === undefined || !origins().includes(origin)) return false;
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-expose-headers', CORS.exposedHeaders);
    if (method !== 'OPTIONS' || !headers['access-control-request-method']) return false;
    response.setHeader('access-control-allow-methods', CORS.methods);
    const asked = headers['access-control-request-headers'];
    response.setHeader(...VARIES);
    if (asked !== undefined) response.setHeader('access-control-allow-headers', asked);
    response.setHeader('access-control-max-age', String(CORS.maxAgeSeconds));
    response.writeHead(204).end();
    return true;
  };
}
