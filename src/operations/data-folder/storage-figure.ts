import type { Storage } from '#control/data-folder.ts';

// A monitor reads it every few seconds, for as long as Slipway runs.
const FRESH_MS = 600_000;

/** Keeps the last figure, since a count reads every object: only the first caller waits for a count, and one that is over ten minutes old is counted again in the background. */
export function keptFigure(
  count: () => Promise<Storage>,
  nowMs: () => number = () => performance.now(),
) {
  let kept: { readonly figure: Storage; readonly atMs: number } | undefined;
  let counting: Promise<Storage> | undefined;
  let changes = 0;

  async function countNow(): Promise<Storage> {
    const before = changes;
    try {
      const figure = await count();
      if (before === changes) kept = { figure, atMs: nowMs() };
      return figure;
    } finally {
      if (before === changes) counting = undefined;
    }
  }

  function again(): Promise<Storage> {
    counting ??= countNow();
    return counting;
  }

  return {
    async figure(): Promise<Storage> {
      if (!kept) return again();
      // The last figure stays where this count fails; the next caller begins another.
      if (nowMs() - kept.atMs > FRESH_MS) void again().catch(() => undefined);
      return kept.figure;
    },
    /** Discards the figure, and any count in progress, since something has changed it for certain. */
    forget(): void {
      changes += 1;
      kept = undefined;
      counting = undefined;
    },
  };
}
