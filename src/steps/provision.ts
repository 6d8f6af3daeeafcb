import { keptInFull } from '#domain/build/proof.ts';
import type { Deployment } from '#domain/deployment.ts';
import { revisionName } from '#domain/identity.ts';
import { lossOnLambda } from '#domain/placement/own-image.ts';
import { provisioningLimit } from '#domain/placement/start-limit.ts';
import { placementOf, type Target } from '#domain/placement/target.ts';
import type { StepInput } from '#domain/workflow.ts';
import type { CaptureKeys } from '#ports/capture-keys.ts';
import type { Clock } from '#ports/clock.ts';
import type { Platform, RevisionSpec } from '#ports/platform.ts';
import type { Holder, Registry } from '#ports/registry.ts';
import { capturePlan } from './capture-plan.ts';
import { requireDeployment, requireVersion } from './require-deployment.ts';
import { revisionSpec } from './revision-spec.ts';

export type ProvisionDeps = {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly captureKeys: CaptureKeys;
  /** How long (seconds) each target may take before the model begins to load: AWS first finds capacity and unpacks the image. A larger image gets more: `provisioningLimit`. */
  readonly provisioningSeconds: Readonly<Record<Target, number>>;
};

/** Creates the deployment's revision on `target`, with no traffic. */
export const provision =
  <At extends Target>(target: At, deps: ProvisionDeps & Readonly<Record<At, Platform>>) =>
  async ({ deploymentId, epoch }: StepInput<'ProvisionLambda'>): Promise<Record<never, never>> => {
    const { registry, clock, captureKeys, provisioningSeconds } = deps;
    const holder = { deploymentId, epoch };
    const deployment = await requireDeployment(registry, deploymentId);
    const { model, work } = deployment;
    // A candidate with traffic already exists, and only RollBack may give it up.
    if (work.shift) return {};
    const revision = revisionName(model, requireVersion(deployment));
    const capture = await capturePlan(captureKeys, deployment, revision);
    const spec = revisionSpec(deployment, { capture, revision, madeBy: deploymentId });

    await registry.recordIntent(holder, { kind: 'revision', name: revision, target });
    await recordCandidate({ registry, clock }, holder, deployment, {
      target,
      spec,
      provisioningSeconds: provisioningSeconds[target],
    });
    await deps[target].create(spec, epoch);
    return {};
  };

type Wanted = {
  readonly target: Target;
  readonly spec: RevisionSpec;
  readonly provisioningSeconds: number;
};

/** Records the candidate with its deadline to get ready. An execution that takes over from a dead one resets the deadline: the time in between was not the model's; and so does another target, once the first has refused it. */
export async function recordCandidate(
  { registry, clock }: Pick<ProvisionDeps, 'registry' | 'clock'>,
  holder: Holder,
  { attempt, work }: Deployment,
  { target, spec, provisioningSeconds }: Wanted,
): Promise<void> {
  const known = work.candidate;
  if (known?.attempt === attempt && known.target === target) return;
  const { revision, deploymentId: madeBy, isStreaming, memoryMiB, cpuUnits, scaling } = spec;
  const createdAtMs = clock.now();
  const limitSeconds = provisioningLimit(provisioningSeconds, spec) + spec.startupTimeoutSeconds;
  const readyByMs = createdAtMs + limitSeconds * 1000;
  const placement = placementOf({ target, isStreaming });
  const candidate = { ...placement, revision, madeBy, attempt, createdAtMs, readyByMs };
  if (work.candidate) {
    await registry.recordWork(holder, { candidate });
    return;
  }
  const data = { target, revision, memoryMiB, cpuUnits, replicas: scaling.min };
  const { inspection, image } = work;
  const inFull = inspection && keptInFull(inspection.manifest.runtime, image?.proof);
  const loss = target === 'lambda' ? lossOnLambda(spec.runtime) : undefined;
  const told = inFull ? { reason: inFull } : loss;
  await registry.advance(holder, 'Provisioning', { candidate }, { ...told, data });
}
