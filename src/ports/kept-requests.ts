import type { KeptRequest } from '#domain/capture/kept-request.ts';

/** Whether so many bytes are enough, or so much time. */
export type IsEnough = (bytes: number) => boolean;

/**
 * Opens the requests that servers kept of their clients, where `capture` in a model's manifest asks for it.
 * It reads sealed lines by private keys, and only the gate and the person who exports them may do so. A line whose key was dropped, or that is not whole, is left out.
 * Fails with `PlatformDenied`, `PlatformThrottled`, `PlatformUnavailable`.
 */
export type KeptRequests = {
  /**
   * The requests of a model, the newest first: of each hour an evenly drawn sample of those that came, of the budget's size at most. Empty where nothing is kept.
   * Only those that were answered at `sinceMs` (epoch) or later.
   * Reading ends once `isEnough` says so of the bytes of the lines read so far; what was read by then comes still.
   */
  of(model: string, isEnough?: IsEnough, sinceMs?: number): AsyncIterable<KeptRequest>;
};
