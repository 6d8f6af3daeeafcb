import type { Timers } from '#adapters/local/concurrency/timers.ts';
import type { ApiKey } from '#domain/api-key.ts';
import { rateText } from '#domain/key-limits.ts';

/** Counts a request of a key. Undefined where the key may send it; else in how many whole seconds it may send the next, and why. */
export type KeyRates = (
  key: Pick<ApiKey, 'id' | 'rate'>,
) => { readonly seconds: number; readonly error: string } | undefined;

type Bucket = { readonly perSecond: number; readonly most: number; readonly words: string };

// As the usage plan of an account gives each key (infra/api.yml).
const USUAL: Bucket = { perSecond: 100, most: 200, words: '100 requests a second' };

/** A token bucket for each key, as API Gateway has. */
export function keyRates(timers: Pick<Timers, 'nowMs'>): KeyRates {
  const buckets = new Map<string, { readonly left: number; readonly atMs: number }>();
  return ({ id, rate }) => {
    const { perSecond, most, words } = rate ? bucketOf(rate) : USUAL;
    const nowMs = timers.nowMs();
    const { left, atMs } = buckets.get(id) ?? { left: most, atMs: nowMs };
    const now = Math.min(most, left + ((nowMs - atMs) / 1000) * perSecond);
    const isTaken = now >= 1;
    buckets.set(id, { left: isTaken ? now - 1 : now, atMs: nowMs });
    if (isTaken) return undefined;
    return {
      seconds: Math.max(1, Math.ceil((1 - now) / perSecond)),
      error: `this key has sent more than ${words}`,
    };
  };
}

function bucketOf(rate: NonNullable<ApiKey['rate']>): Bucket {
  return {
    perSecond: rate.requests / rate.everySeconds,
    most: rate.requests,
    words: rateText(rate),
  };
}
