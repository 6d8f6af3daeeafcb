import type { IncomingMessage } from 'node:http';

/** Carries the mark of a Slipway's own probes: a secret of its process, so that no client passes for one. It goes to no model server. */
export const PROBE_HEADER = 'x-slipway-probe';

/** Tells a model's server that Slipway itself asks; a client's is removed. */
export const OWN_HEADER = 'x-slipway-own';

/** Tells a probe how long it waited for its turn at a server (ms): clients were before it, and the server is not to blame. */
export const WAITED_HEADER = 'x-slipway-waited-ms';

export function isProbe({ headers }: IncomingMessage, mark: string): boolean {
  return headers[PROBE_HEADER] === mark;
}

/** Removes a mark that is not this Slipway's, so that a header that is left is one of its probes. */
export function removeFalseMark(request: IncomingMessage, mark: string): void {
  if (PROBE_HEADER in request.headers && !isProbe(request, mark)) {
    Reflect.deleteProperty(request.headers, PROBE_HEADER);
  }
}
