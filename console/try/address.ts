/**
 * The model's own address, from that of its page: absolute, without a slash at its end. It keeps the origin and prefix that the browser knows,
 * so it holds behind any proxy and below any prefix. A model may be named `docs` too.
 */
export function ownAddress(page: string): string {
  const { origin, pathname } = new URL(page);
  const path = pathname.replace(/\/+$/, '');
  const isOwn = /\/(models|_candidate)\/[^/]+$/.test(path);
  return origin + (isOwn ? path : path.replace(/\/docs$/, ''));
}

/** The address of one revision's test path, beside that of the model; undefined where the address is not that of a Slipway on one machine. */
export function revisionAddress(own: string, revision: string): string | undefined {
  const match = /^(.*)\/(models|_candidate)\/[a-z0-9-]+$/.exec(own);
  return match && /^[a-z0-9-]+$/.test(revision) ? `${match[1]}/_candidate/${revision}` : undefined;
}
