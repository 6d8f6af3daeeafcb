import type { VirtualWorkflow } from '../worlds/virtual-workflow.ts';

export type Meter = {
  /** The steps of the longest deployment. */
  readonly longest: number;
  readonly payloadBytes: number;
};

type Steps = Record<string, (payload: unknown) => Promise<unknown>>;

// A loop that never ends would hold up the test for ever: time is virtual, and costs nothing.
const ENDLESS = 1000;

/** Counts the steps of each deployment, and measures their inputs and answers; stops one that loops for ever. */
export function meterOf(world: VirtualWorkflow): () => Meter {
  const counts = new Map<string, number>();
  const steps = world.steps as Steps;
  let payloadBytes = 0;

  for (const [name, step] of Object.entries(steps)) {
    steps[name] = async (payload) => {
      const { deploymentId = '' } = payload as { readonly deploymentId?: string };
      const count = (counts.get(deploymentId) ?? 0) + 1;
      counts.set(deploymentId, count);
      if (count > ENDLESS) return stopped(world);
      const answer = await step(payload);
      const sizes = [payload, answer].map((it) => JSON.stringify(it ?? null).length);
      payloadBytes = Math.max(payloadBytes, ...sizes);
      return answer;
    };
  }
  return () => ({ longest: Math.max(0, ...counts.values()), payloadBytes });
}

/** A stop lands between two turns of the event loop, which a step that answers at once would never let come. */
function stopped(world: VirtualWorkflow): Promise<never> {
  world.stop();
  return new Promise(() => {});
}
