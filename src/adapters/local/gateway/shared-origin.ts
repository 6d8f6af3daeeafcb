/** Keeps a browser from running an answer as a script or a page that its content type does not say it is. */
export const NOSNIFF = { 'x-content-type-options': 'nosniff' } as const;

// The first of them give a model's script, or its cookies, to every path of the origin, or take what other models have stored; the next move the whole origin, and the last are orders to a reverse proxy in front of it.
const OF_ALL_MODELS: ReadonlySet<string> = new Set([
  'service-worker-allowed',
  'clear-site-data',
  'set-cookie',
  'set-cookie2',
  'alt-svc',
  'strict-transport-security',
  'nel',
  'report-to',
  'reporting-endpoints',
  'x-sendfile',
  'x-lighttpd-send-file',
]);
const OF_ALL_MODELS_BEGIN = /^(?:access-control-|x-accel-)/;

/** Whether a header of a model's answer acts on other models, which have the same origin: no model may decide for them, nor which pages may call them. */
export function actsOnOthers(name: string): boolean {
  return OF_ALL_MODELS.has(name) || OF_ALL_MODELS_BEGIN.test(name);
}
