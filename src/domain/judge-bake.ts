import type { BakeRecord } from './deployment.ts';

/** What is known of a revision since it took traffic. `clients` are whole requests, Slipway's own probes among them. */
export type BakeEvidence = {
  readonly bake: BakeRecord;
  readonly elapsedMs: number;
  readonly requests: number;
  readonly serverErrors: number;
};

export type BakeVerdict =
  | { readonly kind: 'baking' }
  | { readonly kind: 'done'; readonly judgedBy: string }
  | { readonly kind: 'breach'; readonly reason: string };

const MAX_FAILED_PROBES = 0.1;
const MAX_SERVER_ERRORS = 0.05;
/** Client traffic says nothing below this many requests; the version is then judged by probes alone. */
export const MIN_REQUESTS = 50;
/** How much longer than the bake to wait for a first probe result, before none counts as a breach. */
const GRACE_MS = 60_000;

/**
 * Judges a bake. A breach is more than 1 in 10 probes failed, or more than 5 % server errors in at least 50 client requests.
 * No probe result is never a pass: the bake goes on for up to a minute more, then it is a breach.
 */
export function judgeBake({ bake, elapsedMs, requests, serverErrors }: BakeEvidence): BakeVerdict {
  if (bake.probesFailed > bake.probesSent * MAX_FAILED_PROBES) {
    return {
      kind: 'breach',
      reason: `${bake.probesFailed} of ${bake.probesSent} probes failed since the shift; the last: ${bake.lastFailure}`,
    };
  }
  if (requests >= MIN_REQUESTS && serverErrors > requests * MAX_SERVER_ERRORS) {
    return {
      kind: 'breach',
      reason: `${serverErrors} of ${requests} requests since the shift were answered by a server error; the limit is 5 %`,
    };
  }
  const bakeMs = bake.bakeSeconds * 1000;
  if (elapsedMs < bakeMs) return { kind: 'baking' };
  if (bake.probesSent > 0) {
    return { kind: 'done', judgedBy: requests >= MIN_REQUESTS ? 'probes and clients' : 'probes' };
  }
  return elapsedMs < bakeMs + GRACE_MS
    ? { kind: 'baking' }
    : {
        kind: 'breach',
        reason: 'no probe was answered since the shift, so nothing says that the version works',
      };
}
