/**
 * The sealed lines that servers of a model wrote: ciphertext, and what is not secret of it. A day is a date in UTC: 2026-01-31.
 * Fails with `PlatformDenied`, `PlatformThrottled`, `PlatformUnavailable`, `StorageFull`.
 */
export type KeptLines = {
  /** The days that may have lines, the newest first. */
  days(model: string): Promise<readonly string[]>;
  /** The lines of a day in any order, each as it was written. Where they are found by looking through others, the search ends once `isEnough` says so. */
  of(model: string, day: string, isEnough?: () => boolean): AsyncIterable<string>;
  /** Adds a line to those of a day. */
  add(model: string, day: string, line: string): Promise<void>;
  /** Removes the lines of these days, where the place lets it; in a log they stay until it expires. */
  remove(model: string, days: readonly string[]): Promise<void>;
};
