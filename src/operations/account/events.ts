import { setTimeout as sleep } from 'node:timers/promises';
import type { Input } from '#control/operation.ts';
import type { everywhere } from '#control/operations.ts';
import type { CursoredEvent } from '#control/streams.ts';
import { Failure } from '#domain/failure.ts';
import type { Registry } from '#ports/registry.ts';

type Query = Input<(typeof everywhere)['readEvents']>;

const PAGE = 100;
const SOONEST_MS = 1000;
const LATEST_MS = 5000;
const GROWTH = 1.3;
// S3's events arrive within seconds, and a step function's cold start takes one or two.
const FIRST_EVENT_MS = 120_000;

/**
 * The registry's events, polled every 1 s to 5 s while there are none.
 * Fails with `PlatformUnavailable` when a followed deployment has no event after two minutes.
 */
export async function* registryEvents(
  registry: Registry,
  { after = '', follow, ...narrowed }: Query,
): AsyncGenerator<CursoredEvent, void> {
  const startedAtMs = performance.now();
  let cursor = after;
  let pauseMs = SOONEST_MS;
  for (;;) {
    const { events } = await registry.events(page(narrowed, cursor));
    yield* events;
    cursor = events.at(-1)?.cursor ?? cursor;
    if (events.length === PAGE) continue;
    if (!follow) return;
    if (cursor === '') mustBeginSoon(narrowed.deployment, startedAtMs);
    await sleep(pauseMs);
    pauseMs = events.length > 0 ? SOONEST_MS : Math.min(LATEST_MS, pauseMs * GROWTH);
  }
}

function page({ deployment, model }: Omit<Query, 'follow'>, after: string) {
  return {
    ...(model && { model }),
    ...(deployment && { deploymentId: deployment }),
    after,
    limit: PAGE,
  };
}

function mustBeginSoon(deployment: string | undefined, startedAtMs: number): void {
  if (!deployment || performance.now() - startedAtMs < FIRST_EVENT_MS) return;
  throw new Failure(
    'PlatformUnavailable',
    `deployment ${deployment} has not begun after ${FIRST_EVENT_MS / 1000} s`,
    {
      fix: 'The upload is there and will be found within 20 minutes; `slipway doctor` may say what delays it.',
    },
  );
}
