import { sweep } from '#steps/sweep.ts';
import { NEVER } from '../faults/faults.ts';
import { BUCKET, type WorldOptions } from './memory.ts';
import { GRACES, NO_IMAGES, PERIOD_MS } from './swept.ts';
import { type VirtualWorkflow, virtualWorkflow } from './virtual-workflow.ts';

/** Workflows in virtual time whose ends nobody hears of, and their sweep. */
export function sweptWorkflow(options: WorldOptions = {}) {
  const world = virtualWorkflow(options);
  const { registry, store, router, platforms, clock } = world;
  const { executions, offered } = world.deps;
  // The sweep has its own ports, not those of the steps: faults in the steps' calls do not hit the sweep.
  const ports = { registry, artifacts: store, router, platforms, executions, clock };
  const run = sweep({ ...ports, offered, bucket: BUCKET, ...GRACES, ...NO_IMAGES });
  return {
    world,
    /** Sweeps at its time, and waits for the executions that it started. */
    async sweep() {
      clock.advance(PERIOD_MS);
      const swept = await run();
      await world.startedEnds();
      return swept;
    },
  };
}

/** Stops each execution from now on as soon as a step of `state` calls a port. */
export function stopIn(world: VirtualWorkflow, state: string): void {
  world.tap((method, call) => {
    const isStep = !method.startsWith('executions.');
    if (!isStep || world.states.at(-1) !== state) return call();
    world.stop();
    return NEVER;
  });
}

export function stopNothing(world: VirtualWorkflow): void {
  world.tap((_, call) => call());
}
