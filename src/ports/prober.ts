import type { GoldenRequest } from '#domain/rollout/golden-request.ts';

/**
 * The outcome of one request, as a client sees it: on AWS a server's 5xx becomes 502. `revision` is the answer's `x-slipway-revision`, or another sign of who answered; null when there is none.
 * `none` is no answer at all: connection refused, reset, or timed out.
 */
export type ProbeAnswer =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: string;
      readonly revision: string | null;
      /** Without what it waited for its turn behind clients, where that is known. */
      readonly latencyMs: number;
    }
  | { readonly kind: 'none'; readonly reason: string };

/** The `x-request-id` of a probe, by which a server knows that no client asked and keeps nothing of it. A client that names its request so has nothing kept either. */
export const PROBE_ID = 'slipway-probe';

/** Sends requests as a client would. An answer of any status is a value, and so is no answer; a call fails only when it could not try. */
export type Prober = {
  /** `address` comes from a Router: the model's route, or a candidate's test path. */
  send(
    address: string,
    model: string,
    request: GoldenRequest,
    timeoutMs: number,
  ): Promise<ProbeAnswer>;
  /** Asks whether the server is ready: 200 at `path`, its readiness path. */
  ready(address: string, path: string, timeoutMs: number): Promise<ProbeAnswer>;
};
