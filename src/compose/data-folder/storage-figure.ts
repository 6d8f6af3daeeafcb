/** The number and the bytes of all objects of a data folder, and the bytes of those that a prune would remove. */
export type StorageFigure = {
  readonly objects: number;
  readonly objectBytes: number;
  readonly prunableBytes: number;
};

const FRESH_MS = 60_000;

/** Keeps the last figure, since a count looks at every object: whoever asks waits for the first count alone, and one that is over a minute old is counted again in the background. */
export function keptFigure(
  count: () => Promise<StorageFigure>,
  nowMs: () => number = () => performance.now(),
) {
  let kept: { readonly figure: StorageFigure; readonly atMs: number } | undefined;
  let counting: Promise<StorageFigure> | undefined;

  async function countNow(): Promise<StorageFigure> {
    try {
      const figure = await count();
      kept = { figure, atMs: nowMs() };
      return figure;
    } finally {
      counting = undefined;
    }
  }

  function again(): Promise<StorageFigure> {
    counting ??= countNow();
    return counting;
  }

  return {
    async figure(): Promise<StorageFigure> {
      if (!kept) return again();
      // The last figure stands where this count fails; the next asker begins another.
      if (nowMs() - kept.atMs > FRESH_MS) void again().catch(() => undefined);
      return kept.figure;
    },
    /** Forgets the figure: something has changed it for certain. */
    forget(): void {
      kept = undefined;
    },
  };
}
