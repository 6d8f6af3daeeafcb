import type { Comparing } from '#ports/comparing.ts';

/** How long one piece of work lets clients go first, and all pieces together (ms). */
export type Patience = { readonly each: number; readonly all: number };

/** Lets clients go first, as long as there is patience left. `monotonicMs` is a clock that never goes back. */
export function patient(
  { giveWay }: Pick<Comparing, 'giveWay'>,
  monotonicMs: () => number,
  { each, all }: Patience,
): () => Promise<void> {
  let leftMs = all;
  return async () => {
    const sinceMs = monotonicMs();
    await giveWay(Math.min(leftMs, each));
    leftMs = Math.max(0, leftMs - (monotonicMs() - sinceMs));
  };
}
