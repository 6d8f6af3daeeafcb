import { MOST_ATTEMPTS } from '#steps/recover.ts';
import { type Swept, sweep } from '#steps/sweep.ts';
import { memoryImages } from '../memory/images.ts';
import { BUCKET, idOf, MODEL, memoryWorld, type WorldOptions } from './memory.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;

/** The time between two sweeps on AWS. */
export const PERIOD_MS = 15 * MINUTE_MS;

export const NOTHING: Swept = { recovered: [], freed: [], started: [], repaired: [], removed: [] };

/** The same values as on AWS. */
export const GRACES = {
  mostAttempts: MOST_ATTEMPTS,
  executionGraceMs: 5 * MINUTE_MS,
  uploadGraceMs: 5 * MINUTE_MS,
  settleFront: async () => undefined,
};

/** Nothing is there. */
export const NO_IMAGES = { images: memoryImages(), unusedEnvironments: null };

/** A memory world, its sweep, and the executions that the sweep has started. */
export function sweptWorld(options: WorldOptions = {}) {
  const world = memoryWorld(options);
  const deps = { ...world.deps, bucket: BUCKET, ...GRACES, ...NO_IMAGES };
  return { world, deps, starts: world.executions.started, run: sweep(deps) };
}

/** The name of the execution that the sweep starts for an upload. */
export const nameOf = async (event: Parameters<typeof idOf>[0], attempt: number, model = MODEL) =>
  `${model}-${(await idOf(event)).slice(0, 16)}-a${attempt}`;
