import type { IncomingHttpHeaders, ServerResponse } from 'node:http';

/** The origins of the pages that may read answers, and the headers that they may read; the front door answers their preflight requests. */
export type Cors = { readonly origins: readonly string[]; readonly exposedHeaders: string };

/** Adds to an answer what a browser wants before it shows it to a page of another origin: https://fetch.spec.whatwg.org/#http-cors-protocol. Call it once all other headers are set. */
export function corsFor({ origins, exposedHeaders }: Cors) {
  const known = new Set(origins);
  return ({ origin }: IncomingHttpHeaders, response: ServerResponse): void => {
    if (known.size === 0) return;
    const vary = response.getHeader('vary');
    // Also where nothing is allowed: a cache may keep that answer, and give it to a page that is.
    response.setHeader('vary', vary === undefined ? 'origin' : `${vary}, origin`);
    if (origin === undefined || !known.has(origin)) return;
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-expose-headers', exposedHeaders);
  };
}
