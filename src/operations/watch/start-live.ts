import { availableParallelism } from 'node:os';
import { atOnce } from '#adapters/local/concurrency/at-once.ts';
import type { RevisionRef } from '#domain/placement/target.ts';

// A model that is called before its turn starts on demand.
const STARTS_AT_ONCE = Math.max(2, availableParallelism());

type Options = {
  readonly start: (live: RevisionRef) => Promise<void>;
  /** When it aborts, waiting versions are not started, and failures are not reported. */
  readonly signal: AbortSignal;
  readonly onProblem: (error: unknown) => void;
  readonly limit?: number;
};

/** Starts the live versions, a few at once: seventy at once kept two cores, and so Slipway, from answering for a minute. */
export function startLive(
  lives: readonly RevisionRef[],
  { start, signal, onProblem, limit = STARTS_AT_ONCE }: Options,
): void {
  const inTurn = atOnce(limit);
  for (const live of lives) {
    inTurn(() => start(live), signal).catch((error: unknown) => {
      if (!signal.aborted) onProblem(error);
    });
  }
}
