import type { StepName } from '#domain/workflow.ts';
import type { Platform } from '#ports/platform.ts';
import { FAULT_SCENARIOS, type FaultScenario } from '../faults/scenarios.ts';
import type { Tap } from '../faults/tapped.ts';
import { change } from '../worlds/change.ts';
import { MODEL } from '../worlds/memory.ts';
import type { VirtualWorkflow } from '../worlds/virtual-workflow.ts';

/** A candidate is healthy once it says that it is ready. */
export function takeReadinessForProof(world: VirtualWorkflow): void {
  change(world, 'CheckHealth', () => async (holder) => {
    const golden = { sample: 'readiness', warning: '', latencyMs: 0 } as const;
    await world.deps.registry.advance(holder, 'Ready', { golden }, {});
    return { kind: 'healthy' };
  });
}

/** Answers the calls that one state's step makes of some ports; all other calls are made. */
export function inState(
  state: StepName,
  answers: Readonly<
    Record<string, (call: () => Promise<unknown>, asked: readonly unknown[]) => unknown>
  >,
): (world: VirtualWorkflow) => Tap {
  return (world) => async (method, call, asked) => {
    const answer = world.states.at(-1) === state ? answers[method] : undefined;
    return answer ? answer(call, asked) : call();
  };
}

/** Each around the one before it. */
export function together(
  ...taps: readonly ((world: VirtualWorkflow) => Tap)[]
): (world: VirtualWorkflow) => Tap {
  return (world) => (method, call, asked) =>
    taps.reduce((inner, tap) => () => tap(world)(method, inner, asked), call)();
}

/** A scenario of the matrix in containers, where nothing answers that was stopped. */
export function scenario(name: string): FaultScenario {
  return FAULT_SCENARIOS.find((it) => it.name === name && it.target === 'fargate')!;
}

/** The platform that the steps use; each of its methods may be replaced. */
export function fargateOf(world: VirtualWorkflow): {
  -readonly [Name in keyof Platform]: Platform[Name];
} {
  return world.deps.platforms.fargate;
}

export async function liveOf({ registry }: VirtualWorkflow): Promise<string> {
  return (await registry.model(MODEL))!.live!.revision;
}
