import { EventEmitter, once } from 'node:events';
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SlipwayEvent } from '#domain/event.ts';
import { reasonOf } from '#domain/reason.ts';
import type { Clock } from '#ports/clock.ts';
import type { Registry } from '#ports/registry.ts';
import { MOST_TRIES, retryAfterMs } from './retry.ts';
import { signedHeaders } from './signature.ts';
import { type WebhookTable, webhookTable } from './table.ts';

type Options = {
  readonly urls: readonly string[];
  /** Undefined when there are no addresses. */
  readonly secret: string | undefined;
  readonly registry: Registry;
  readonly database: DatabaseSync;
  readonly clock: Clock;
  readonly random?: () => number;
  /** Rejects early when the signal aborts. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<unknown>;
  /** Receives one line per address that does not accept events, and per event that is given up. */
  readonly report: (problem: string) => void;
};

export type Webhooks = {
  /** Wakes the delivery when there are new events. */
  changed(): void;
  /** Stops; undelivered events are sent after the next start. */
  stop(): Promise<void>;
};

const TIMEOUT_MS = 5_000;
const RECORD_AGAIN_MS = 1_000;

/**
 * Posts the registry's events to each address, in order and at least once.
 * A failed delivery is attempted ten times within an hour; later events wait meanwhile, which keeps their order.
 */
export function webhooks(options: Options): Webhooks {
  const { urls, database } = options;
  const stopping = new AbortController();
  const news = { changes: new EventEmitter().setMaxListeners(0), version: 0 };
  const table = webhookTable(database, urls);
  const loops = urls.map((url) => deliver({ ...options, url, table, news }, stopping.signal));
  return {
    changed() {
      news.version += 1;
      news.changes.emit('changed');
    },
    async stop() {
      stopping.abort();
      await Promise.all(loops);
    },
  };
}

type Delivery = Options & {
  readonly url: string;
  readonly table: WebhookTable;
  readonly news: { readonly changes: EventEmitter; readonly version: number };
};

async function deliver(delivery: Delivery, stopped: AbortSignal): Promise<void> {
  const { wait = pause, report, url } = delivery;
  let isReported = false;
  while (!stopped.aborted) {
    try {
      await deliverNext(delivery, stopped);
      isReported = false;
    } catch (error) {
      if (stopped.aborted) return;
      // For example a full disk: the position cannot be recorded, or read.
      if (!isReported) report(`webhook ${nameOf(url)}: ${reasonOf(error)}`);
      isReported = true;
      await wait(RECORD_AGAIN_MS, stopped).catch(() => undefined);
    }
  }
}

/** Waits for the next event, sends it, and records the result. */
async function deliverNext(delivery: Delivery, stopped: AbortSignal): Promise<void> {
  const { url, table, registry, news, report, random = Math.random, wait = pause } = delivery;
  const { after, tries } = table.place(url);
  const seen = news.version;
  const [next] = (await registry.events({ after, limit: 1 })).events;
  if (!next) {
    if (seen === news.version) await once(news.changes, 'changed', { signal: stopped });
    return;
  }

  const problem = await post(delivery, next.event, stopped);
  if (problem === undefined) return table.save(url, { after: next.cursor, tries: 0 });
  stopped.throwIfAborted();
  const tried = tries + 1;
  if (tried >= MOST_TRIES) {
    report(`webhook ${nameOf(url)}: gave up on event ${next.event.detail.eventId}: ${problem}`);
    return table.save(url, { after: next.cursor, tries: 0 });
  }
  if (tried === 1) report(`webhook ${nameOf(url)}: ${problem}; retrying for an hour`);
  table.save(url, { after, tries: tried });
  await wait(retryAfterMs(tried, random()), stopped);
}

/** Why the address did not accept the event, or undefined. */
async function post(
  { url, secret = '', clock }: Delivery,
  event: SlipwayEvent,
  stopped: AbortSignal,
): Promise<string | undefined> {
  const body = JSON.stringify(event);
  const id = event.detail.eventId;
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'slipway',
        ...signedHeaders(secret, { id, body, nowMs: clock.now() }),
      },
      body,
      // A redirect's target was not configured as an address.
      redirect: 'manual',
      signal: AbortSignal.any([stopped, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    await response.body?.cancel();
    return response.ok ? undefined : `it answered ${response.status}`;
  } catch (error) {
    return reasonOf(error);
  }
}

/** Without path and query, which often are as secret as a password. */
function nameOf(url: string): string {
  return new URL(url).origin;
}

function pause(ms: number, signal: AbortSignal): Promise<unknown> {
  return sleep(ms, undefined, { signal, ref: false });
}
