import type { GoldenRequest } from '#domain/rollout/golden-request.ts';

/**
 * What came back from one request, as a client gets it: on Lambda a 5xx of an image of its owner's own is 502. `revision` is the `x-slipway-revision` of the answer, or what else tells who answered; null when nothing does.
 * `none` is no answer at all: refused, reset, or nothing within the time.
 */
export type ProbeAnswer =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: string;
      readonly revision: string | null;
      readonly latencyMs: number;
    }
  | { readonly kind: 'none'; readonly reason: string };

/** Sends requests as a client would. An answer of any status is a value, and so is no answer; it fails only when it could not try. */
export type Prober = {
  /** `address` is one that a Router gave: the model's route, or a candidate's test path. */
  send(
    address: string,
    model: string,
    request: GoldenRequest,
    timeoutMs: number,
  ): Promise<ProbeAnswer>;
  /** Asks whether the server says it is ready: 200 at `path`, which is its readiness path. */
  ready(address: string, path: string, timeoutMs: number): Promise<ProbeAnswer>;
};
