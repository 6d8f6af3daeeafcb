import type { Deployment, Removal } from '#domain/deployment.ts';
import { retrySeconds } from '#domain/registry/loops.ts';
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
    const deployment = await requireDeployment(registry, deploymentId);
    const { model } = deployment;
    const removal = removalOf(deployment, clock.now());
    await registry.advance(holder, 'Undeploying', {}, {});
    await registry.recordWork(holder, { removal });
    // From here on the sweep finishes the undeploy instead of repairing the model.
    await registry.retract(holder);
    await router.remove(model, epoch);
    const answer = { retrySeconds: 0, drainSeconds: 0, attempt: input.attempt + 1 };

    const verification = await router.verify(model, {});
    if (verification.kind === 'verified') {
      const drainSeconds = await longestDrain(registry, platforms, model);
      return { ...answer, kind: 'removed', drainSeconds };
    }
    const sinceMs = clock.now() - removal.sinceMs;
    if (sinceMs < DEADLINE_MS) {
      return { ...answer, kind: 'pending', retrySeconds: retrySeconds(sinceMs) };
    }
    await registry.recordTrouble(holder, {
      name: 'TrafficUnverified',
      reason: `the route of ${model} was not removed within ${DEADLINE_MS / 1000} s`,
      fix: 'Undeploy the model again; if it happens again, check the router.',
    });
    return { ...answer, kind: 'expired' };
  };

/** An execution that takes over from a dead one resets the start time: the time in between was not the router's. */
function removalOf({ attempt, work }: Deployment, sinceMs: number): Removal {
  return work.removal?.attempt === attempt ? work.removal : { attempt, sinceMs };
}

/** Looks at every kept version, since a repeated run finds no live one. */
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
