import type { Deployment, Intent } from '#domain/deployment.ts';
import { isTerminal, unfinished } from '#domain/phase.ts';
import { withKept } from '#domain/registry/kept.ts';
import { readTrouble } from '#domain/trouble.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { Platform, Platforms } from '#ports/platform.ts';
import type { Holder, Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { requireDeployment } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  readonly router: Router;
  readonly platforms: Platforms;
};

type Output = StepOutput<'Compensate'>;

export const compensate =
  (deps: Deps) =>
  async ({ deploymentId, epoch, error }: StepInput<'Compensate'>): Promise<Output> => {
    const { registry } = deps;
    const holder = { deploymentId, epoch };
    const deployment = await requireDeployment(registry, deploymentId);
    const { phase } = deployment;
    if (phase === 'Live' || phase === 'Undeployed') return { kind: phase, drainSeconds: 0 };

    if (error.Error) await registry.recordTrouble(holder, readTrouble(error));
    const left = await undo(deps, holder, deployment);
    return end(registry, holder, left);
  };

/** Undoes the intents in reverse order. Never removes a revision that is live or still has traffic; returns the names of the ones left because they have traffic. */
async function undo(
  { registry, router, platforms }: Deps,
  holder: Holder,
  deployment: Deployment,
): Promise<readonly string[]> {
  const shares = await router.shares(deployment.model);
  const live = (await registry.model(deployment.model))?.live?.revision;
  // Clears what the router still keeps of the previous side, which would block the removal of its revisions.
  if (Object.keys(shares).length > 0) {
    await router.setShares(deployment.model, shares, shares, holder.epoch);
  }
  const left: string[] = [];
  for (const intent of deployment.intents.toReversed()) {
    if (intent.name !== live) {
      if (Object.hasOwn(shares, intent.name)) {
        left.push(intent.name);
        continue;
      }
      await unmake(platforms[intent.target], intent, holder.epoch);
    }
    await registry.settleIntent(holder, intent);
  }
  return left;
}

async function unmake(platform: Platform, { kind, name }: Intent, epoch: number): Promise<void> {
  if (kind === 'restart') await platform.retire(name, epoch);
  else await platform.remove(name, epoch);
}

async function end(registry: Registry, holder: Holder, left: readonly string[]): Promise<Output> {
  const { phase, trouble, work } = await requireDeployment(registry, holder.deploymentId);
  const kind = ending(phase, trouble?.name);
  if (!isTerminal(phase)) {
    const unknown = {
      name: 'Unknown',
      reason: `the workflow gave the deployment up in phase ${phase}`,
      fix: '',
    };
    const { name, reason, fix } = withKept(trouble ?? unknown, work);
    await registry.advance(
      holder,
      kind,
      {},
      {
        reason,
        fix,
        data: { error: name, degraded: left.length > 0 || phase === 'Undeploying', left },
      },
    );
  }
  return { kind, drainSeconds: 0 };
}

function ending(
  phase: Deployment['phase'],
  trouble: string | undefined,
): 'Rejected' | 'RolledBack' | 'Failed' | 'Superseded' | 'Aborted' {
  if (phase === 'Rejected' || phase === 'RolledBack' || phase === 'Failed') return phase;
  if (phase === 'Superseded' || phase === 'Aborted') return phase;
  if (phase === 'RollingBack') return 'RolledBack';
  const hasNoCandidate = phase === 'Inspected' || phase === 'Building';
  if (hasNoCandidate && trouble === 'Superseded') return 'Superseded';
  return trouble === 'ArtifactRejected' ? 'Rejected' : unfinished(phase, trouble);
}
