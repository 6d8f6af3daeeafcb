import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { KeyRates } from '#adapters/local/http/key-rates.ts';
import { type ApiKey, hasExpired } from '#domain/api-key.ts';
import { offeredKey } from '#domain/key-policy.ts';
import type { Clock } from '#ports/clock.ts';
import type { Refusal } from './refusal.ts';

/** The key that a request from another machine brings, or why it is refused. */
export type OuterCallers = (
  request: IncomingMessage,
) => { readonly key: ApiKey } | { readonly refusal: Refusal };

type Options = {
  readonly find: (hash: string) => ApiKey | undefined;
  readonly rates: KeyRates;
  readonly clock: Pick<Clock, 'now'>;
};

const AUTHENTICATE = 'Bearer, Basic realm="slipway: the key is the password"';
const MAKE = 'on the machine itself, `slipway keys create NAME --models MODEL --calls` makes one';

const NO_KEY: Refusal = {
  status: 401,
  error: 'the request has no key that is known here',
  fix: `send \`authorization: Bearer KEY\`; ${MAKE}`,
  authenticate: AUTHENTICATE,
};

/** Asks each request for a key that is valid, by the rules of an account's authorizer, and keeps each key to its rate. */
export function outerCallers({ find, rates, clock }: Options): OuterCallers {
  return (request) => {
    const offered = offeredKey(headersOf(request), `//${request.method}`);
    const key = offered && find(createHash('sha256').update(offered).digest('hex'));
    if (!key) return { refusal: NO_KEY };
    if (hasExpired(key, clock.now())) return { refusal: expired(key) };
    const over = rates(key);
    return over ? { refusal: tooMany(over.error, over.seconds) } : { key };
  };
}

/** Only the holder of the key learns this. */
function expired({ expiresAtMs = 0 }: ApiKey): Refusal {
  return {
    status: 401,
    error: `this key expired at ${new Date(expiresAtMs).toISOString()}`,
    fix: `use another key; ${MAKE}`,
    authenticate: AUTHENTICATE,
  };
}

function tooMany(error: string, retryAfterSeconds: number): Refusal {
  return {
    status: 429,
    error,
    fix: 'send fewer, or several rows in one request',
    retryAfterSeconds,
  };
}

function headersOf({ rawHeaders }: IncomingMessage): readonly (readonly [string, string])[] {
  const pairs: [string, string][] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    pairs.push([rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '']);
  }
  return pairs;
}
