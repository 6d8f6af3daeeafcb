import { DAY_MS } from '#domain/durations.ts';
import type { Capture } from '#domain/manifest/capture.ts';

/** The part of the requests that a revision's servers keep: the manifest's limits, and the public keys by which they seal, in base64: 32 bytes for each day of a month. */
export type CapturePlan = Capture & { readonly keys: string };

const HOURS = 24;

/** The variable CAPTURE of the servers in runtimes/. */
export function captureVariable({
  keys,
  requestsPerHour,
  megabytes,
  days,
  private: secret,
}: CapturePlan): string {
  const bytes = Math.floor((megabytes * 1e6) / (days * HOURS));
  return JSON.stringify({ keys, requests: requestsPerHour, bytes, days, private: secret });
}

/** The day of a time, in UTC: 2026-01-31. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** The first of so many days, the last of which is this one. */
export function firstOf(days: number, last: string): string {
  return dayOf(Date.parse(last) - (days - 1) * DAY_MS);
}

/** The days of a month, each with a key. */
export const DAYS_OF_A_MONTH: readonly number[] = Array.from(
  { length: 31 },
  (_, index) => index + 1,
);

/** Which of the 31 keys is a day's. */
export function slotOf(day: string): number {
  return Number(day.slice(8, 10));
}
