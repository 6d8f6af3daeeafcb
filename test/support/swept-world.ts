import { settle } from '#steps/settle.ts';
import { settleEnded, sweep } from '#steps/sweep.ts';
import { BUCKET, idOf, memoryWorld } from './memory-world.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;

/** A memory world, its sweep, and what that has started. */
export function sweptWorld() {
  const world = memoryWorld();
  const { registry, store, clock, executions } = world;
  const starts: { readonly name: string; readonly input: unknown }[] = [];
  const deps = {
    registry,
    artifacts: store,
    executions: {
      ...executions,
      async start(name: string, input: unknown) {
        starts.push({ name, input });
        await executions.start(name, input);
      },
    },
    settle: settle({ registry, artifacts: store }),
    clock,
    bucket: BUCKET,
  };
  return { world, deps, starts, run: sweep(deps), ended: settleEnded(deps) };
}

/** The name of the execution that the sweep starts for an upload. */
export const nameOf = async (
  event: Parameters<typeof idOf>[0],
  attempt: number,
  model = 'digits',
) => `${model}-${(await idOf(event)).slice(0, 16)}-a${attempt}`;
