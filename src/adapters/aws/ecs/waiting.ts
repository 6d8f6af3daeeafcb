import type { Waiting } from '#adapters/aws/waiting.ts';
import { Failure } from '#domain/failure.ts';

/** A call whose waits share a deadline (epoch ms). */
export type TimedCall = Waiting & { readonly endMs: number };

// Both leave the rest of the step's time to the call's other work: a step may retire several revisions.
const CREATION_MS = 90_000;
const REMOVAL_MS = 50_000;
const LOOK_PERIOD_MS = 2_000;

export function timedCreation<Options extends Waiting>(options: Options): Options & TimedCall {
  return { ...options, endMs: options.clock.monotonicMs() + CREATION_MS };
}

export function timedRemoval<Options extends Waiting>(options: Options): Options & TimedCall {
  return { ...options, endMs: options.clock.monotonicMs() + REMOVAL_MS };
}

/** Fails with `PlatformUnavailable` past the call's deadline; `reason` says what is still missing. */
export async function waitForNextLook(
  { clock, sleep, endMs }: TimedCall,
  reason: string,
): Promise<void> {
  if (clock.monotonicMs() >= endMs) throw new Failure('PlatformUnavailable', reason);
  await sleep(LOOK_PERIOD_MS);
}
