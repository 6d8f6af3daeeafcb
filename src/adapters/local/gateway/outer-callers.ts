import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Timers } from '#adapters/local/concurrency/timers.ts';
import type { ApiKey } from '#domain/api-key.ts';
import { offeredKey } from '#domain/key-policy.ts';
import type { Refusal } from './refusal.ts';

/** The key that a request from another machine brings, or why it is refused. */
export type OuterCallers = (
  request: IncomingMessage,
) => { readonly key: ApiKey } | { readonly refusal: Refusal };

type Options = {
  readonly find: (hash: string) => ApiKey | undefined;
  readonly timers: Pick<Timers, 'nowMs'>;
};

// As the usage plan of an account gives each key (infra/api.yml).
const PER_SECOND = 100;
const BURST = 200;

const NO_KEY: Refusal = {
  status: 401,
  error: 'the request has no key that is known here',
  fix: 'send `authorization: Bearer KEY`; on the machine itself, `slipway keys create NAME --models MODEL --calls` makes one',
  authenticate: 'Bearer, Basic realm="slipway: the key is the password"',
};

const TOO_MANY: Refusal = {
  status: 429,
  error: `this key has sent more than ${PER_SECOND} requests a second`,
  fix: 'send fewer, or several rows in one request',
  retryAfterSeconds: 1,
};

/** Asks each request for a key, by the rules of an account's authorizer, and lets each key have 100 requests a second, 200 at once. */
export function outerCallers({ find, timers }: Options): OuterCallers {
  const buckets = new Map<string, { left: number; atMs: number }>();

  function takes(id: string): boolean {
    const nowMs = timers.nowMs();
    const { left, atMs } = buckets.get(id) ?? { left: BURST, atMs: nowMs };
    const now = Math.min(BURST, left + ((nowMs - atMs) / 1000) * PER_SECOND);
    const isTaken = now >= 1;
    buckets.set(id, { left: isTaken ? now - 1 : now, atMs: nowMs });
    return isTaken;
  }

  return (request) => {
    const offered = offeredKey(headersOf(request), `//${request.method}`);
    const key = offered && find(createHash('sha256').update(offered).digest('hex'));
    if (!key) return { refusal: NO_KEY };
    return takes(key.id) ? { key } : { refusal: TOO_MANY };
  };
}

function headersOf({ rawHeaders }: IncomingMessage): readonly (readonly [string, string])[] {
  const pairs: [string, string][] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    pairs.push([rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '']);
  }
  return pairs;
}
