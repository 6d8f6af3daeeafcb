/**
 * The rules of CORS (https://fetch.spec.whatwg.org/#http-cors-protocol), the same on one machine and in an account: pages of listed origins may call models by these methods, with any headers of a request, and may read these of an answer.
 * Credentials that a browser adds by itself, such as cookies, are never allowed: a page sends a key that it holds.
 */
export const CORS = {
  methods: 'GET, HEAD, POST',
  exposedHeaders:
    'x-slipway-revision, x-slipway-warning, x-request-id, inference-header-content-length, retry-after',
  /** How long (seconds) a browser may keep the answer to a preflight request. */
  maxAgeSeconds: 86_400,
} as const;

/** The origins in a parameter of the stack, which are separated by commas; `none` and the empty text have none. */
export function originsIn(text: string): readonly string[] {
  return text === '' || text === 'none' ? [] : text.split(',');
}
