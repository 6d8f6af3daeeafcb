import { retrySeconds } from '#domain/loops.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { Clock } from '#ports/clock.ts';
import type { Platforms } from '#ports/platform.ts';
import type { Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { requireDeployment } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  readonly router: Router;
  readonly platforms: Platforms;
  readonly clock: Clock;
};

const DEADLINE_MS = 300_000;

export const removeRoute =
  ({ registry, router, platforms, clock }: Deps) =>
  async (input: StepInput<'RemoveRoute'>): Promise<StepOutput<'RemoveRoute'>> => {
    const { deploymentId, epoch } = input;
    const holder = { deploymentId, epoch };
    const { model } = await requireDeployment(registry, deploymentId);
    const { phaseChangedAtMs } = await registry.advance(holder, 'Undeploying', {}, {});
    // From here on the model is not to be repaired, but its undeploy to be finished.
    await registry.retract(holder);
    await router.remove(model, epoch);
    const answer = { retrySeconds: 0, drainSeconds: 0, attempt: input.attempt + 1 };

    const verification = await router.verify(model, {});
    if (verification.kind === 'verified') {
      const drainSeconds = await longestDrain(registry, platforms, model);
      return { ...answer, kind: 'removed', drainSeconds };
    }
    const sinceMs = clock.now() - phaseChangedAtMs;
    if (sinceMs < DEADLINE_MS) {
      return { ...answer, kind: 'pending', retrySeconds: retrySeconds(sinceMs) };
    }
    await registry.recordTrouble(holder, {
      name: 'TrafficUnverified',
      reason: `the route of ${model} was not gone within ${DEADLINE_MS / 1000} s`,
      fix: 'Undeploy the model again; if it happens twice, look at the router.',
    });
    return { ...answer, kind: 'expired' };
  };

/** Of every version that is there, as a repeated run finds none of them live any more. */
async function longestDrain(
  registry: Registry,
  platforms: Platforms,
  model: string,
): Promise<number> {
  let longest = 0;
  for (const { revision, target, state } of await registry.versions(model)) {
    if (state === 'Removed') continue;
    longest = Math.max(longest, await platforms[target].drainSeconds(revision));
  }
  return longest;
}
