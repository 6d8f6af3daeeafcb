import type { IncomingMessage } from 'node:http';

/** Carries the mark of a Slipway's own probes: a secret of its process, so that no client passes for one. It goes to no model server. */
export const PROBE_HEADER = 'x-slipway-probe';

export function isProbe({ headers }: IncomingMessage, mark: string): boolean {
  return headers[PROBE_HEADER] === mark;
}
