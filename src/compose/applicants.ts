import { availableParallelism } from 'node:os';
import { fairlyAtOnce } from '#adapters/local/concurrency/at-once.ts';
import type { WaitingDeployment } from '#adapters/local/concurrency/fair-turns.ts';
import { workflow } from '#domain/workflow.ts';
import type { Registry } from '#ports/registry.ts';
import type { StepHandler } from './steps.ts';

// Each keeps a core busy. Two at least, so that a file that takes its whole budget does not block all others.
const INSPECTIONS_AT_ONCE = Math.max(2, availableParallelism());

type Known = Pick<Registry, 'deployment' | 'model'>;

/** For whose model a deployment works; an unknown deployment has its turn as a model of its own. */
export async function applicantOf(
  registry: Known,
  deploymentId: string,
): Promise<WaitingDeployment> {
  const deployment = await registry.deployment(deploymentId);
  if (!deployment) return { model: deploymentId, isUpgrade: false };
  const { model } = deployment;
  const live = (await registry.model(model))?.live ?? null;
  return { model, isUpgrade: live !== null };
}

/** Has the step `InspectArtifact` run as many times at once as there are cores, in a fair order. */
export function inspectingFairly(registry: Known, inspect: StepHandler): StepHandler {
  const inTurn = fairlyAtOnce(INSPECTIONS_AT_ONCE);
  return async (payload) => {
    const { deploymentId } = workflow.InspectArtifact.input.parse(payload);
    return inTurn(await applicantOf(registry, deploymentId), () => inspect(payload));
  };
}
