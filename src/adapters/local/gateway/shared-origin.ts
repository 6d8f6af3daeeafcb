/** Keeps a browser from running an answer as a script or a page that its content type does not say it is. */
export const NOSNIFF = { 'x-content-type-options': 'nosniff' } as const;

const OF_ALL_MODELS: ReadonlySet<string> = new Set([
  // They give a model's script, or its cookies, to every path of the origin, take what other models have stored, or say who is logged in.
  'service-worker-allowed',
  'clear-site-data',
  'set-cookie',
  'set-cookie2',
  'set-login',
  'origin-agent-cluster',
  // An answer of one model becomes the dictionary that browsers decode those of the others by: RFC 9842.
  'use-as-dictionary',
  // They move the whole origin, shut it off, or have every later request to it say more.
  'alt-svc',
  'strict-transport-security',
  'public-key-pins',
  'public-key-pins-report-only',
  'expect-ct',
  'accept-ch',
  'critical-ch',
  'nel',
  'report-to',
  'reporting-endpoints',
  // Orders to a reverse proxy in front of it, which would send files or other addresses of its own machine.
  'x-sendfile',
  'x-lighttpd-send-file',
  'x-lighttpd-send-tempfile',
  'x-litespeed-location',
  'x-reproxy-url',
  'x-reproxy-file',
]);
const OF_ALL_MODELS_BEGIN = /^(?:access-control-|x-accel-)/;

/** Whether a header of a model's answer acts on other models, which have the same origin: no model may decide for them, nor which pages may call them. */
export function actsOnOthers(name: string): boolean {
  return OF_ALL_MODELS.has(name) || OF_ALL_MODELS_BEGIN.test(name);
}
