import type { Waiting } from '#adapters/aws/waiting.ts';
import { Failure } from '#domain/failure.ts';

/** A call whose waits end together (epoch ms). */
export type TimedCall = Waiting & { readonly endMs: number };

// Both leave the rest of its step's time to what else the call does: a retirement is one of several in its step.
const CREATION_MS = 90_000;
const REMOVAL_MS = 50_000;
const LOOK_PERIOD_MS = 2_000;

export function timedCreation<Options extends Waiting>(options: Options): Options & TimedCall {
  return { ...options, endMs: options.clock.now() + CREATION_MS };
}

export function timedRemoval<Options extends Waiting>(options: Options): Options & TimedCall {
  return { ...options, endMs: options.clock.now() + REMOVAL_MS };
}

/** Fails with `PlatformUnavailable` when the call's time is over; `reason` says what still is to come. */
export async function waitForNextLook(
  { clock, sleep, endMs }: TimedCall,
  reason: string,
): Promise<void> {
  if (clock.now() >= endMs) throw new Failure('PlatformUnavailable', reason);
  await sleep(LOOK_PERIOD_MS);
}
