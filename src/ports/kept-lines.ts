import type { SealedLine } from '#domain/capture/sealed-line.ts';

/** A sealed line as it was written, and as it was read. */
export type KeptLine = { readonly text: string; readonly said: SealedLine };

/**
 * The sealed lines that servers of a model wrote: ciphertext, and what is not secret of it. A day is a date in UTC: 2026-01-31.
 * Fails with `PlatformDenied`, `PlatformThrottled`, `PlatformUnavailable`, `StorageFull`.
 */
export type KeptLines = {
  /** The days that may have lines, the newest first. */
  days(model: string): Promise<readonly string[]>;
  /** The lines of a day in any order; a text that is no sealed line is left out. Where they are found by looking through others, the search ends once `isEnough` says so, and may leave out what was written before `sinceMs` (epoch). */
  of(
    model: string,
    day: string,
    isEnough?: () => boolean,
    sinceMs?: number,
  ): AsyncIterable<KeptLine>;
  /** Adds a line to those of a day. */
  add(model: string, day: string, line: string): Promise<void>;
  /** Removes the lines of these days, where the place lets it; in a log they stay until it expires. */
  remove(model: string, days: readonly string[]): Promise<void>;
};
