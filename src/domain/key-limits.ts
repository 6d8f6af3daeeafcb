import { Failure } from './failure.ts';

/** At most this many requests in so many seconds; as many may come at once. */
export type KeyRate = { readonly requests: number; readonly everySeconds: 1 | 60 };

const RATE = /^([1-9]\d{0,5})\/(s|min)$/;

/** Reads a rate as people write it: `10/s`, `600/min`. At most 999,999 requests. Fails with `InputInvalid` for any other text. */
export function readRate(text: string): KeyRate {
  const [, requests, unit] = RATE.exec(text) ?? [];
  if (requests !== undefined)
    return { requests: Number(requests), everySeconds: unit === 's' ? 1 : 60 };
  throw new Failure('InputInvalid', `\`${text}\` is not a rate`, {
    fix: 'Give the most requests in a second or a minute, from 1 to 999,999: 10/s, 600/min.',
  });
}

/** The rate as `readRate` takes it. */
export function rateText({ requests, everySeconds }: KeyRate): string {
  return `${requests}/${everySeconds === 1 ? 's' : 'min'}`;
}

const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000 };

/**
 * The time (epoch ms) at which a key expires: so long after `nowMs` (`12h`, `30d`), or a time in ISO 8601.
 * Fails with `InputInvalid` for any other text, and for a time that is not after `nowMs`.
 */
export function readExpiry(text: string, nowMs: number): number {
  const [, count, unit = ''] = /^([1-9]\d{0,4})([hd])$/.exec(text) ?? [];
  const timeMs =
    count !== undefined
      ? nowMs + Number(count) * (UNIT_MS[unit] ?? 0)
      : /^\d{4}-\d\d-\d\d/.test(text)
        ? Date.parse(text)
        : Number.NaN;
  if (timeMs > nowMs) return timeMs;
  throw new Failure(
    'InputInvalid',
    Number.isNaN(timeMs) ? `\`${text}\` is not a time` : `${text} is not in the future`,
    { fix: 'Give how long the key is valid (12h, 30d) or until when (2027-01-31).' },
  );
}
