import type { Held, StepName } from '#domain/workflow.ts';
import type { VirtualWorkflow } from './virtual-workflow.ts';

type Step = (payload: Held) => Promise<Readonly<Record<string, unknown>>>;

/** Replaces a step by a changed one. */
export function change(world: VirtualWorkflow, state: StepName, make: (step: Step) => Step): void {
  const steps = world.steps as unknown as Record<string, Step>;
  steps[state] = make(steps[state]!);
}

/** Does something before each run of a step. */
export function before(
  world: VirtualWorkflow,
  state: StepName,
  act: (held: Held) => Promise<unknown>,
): void {
  change(world, state, (step) => async (held) => {
    await act(held);
    return step(held);
  });
}
