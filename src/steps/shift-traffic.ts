import type { Deployment, Shares } from '#domain/deployment.ts';
import { bakeSlice } from '#domain/loops.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { Clock } from '#ports/clock.ts';
import type { Holder, Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  readonly router: Router;
  readonly clock: Clock;
  /** The bake (seconds) of an upgrade whose manifest names none; a first deployment then has 0. */
  readonly bakeSeconds: number;
};

const ALL = 100;

export const shiftTraffic =
  (deps: Deps) =>
  async ({
    deploymentId,
    epoch,
  }: StepInput<'ShiftTraffic'>): Promise<StepOutput<'ShiftTraffic'>> => {
    const holder = { deploymentId, epoch };
    const deployment = await requireDeployment(deps.registry, deploymentId);
    const { bake, shift } = deployment.work.shift
      ? deployment.work
      : (await intend(deps, holder, deployment)).work;
    const { after } = requireWork(shift, 'shift');
    const { bakeSeconds } = requireWork(bake, 'bake');

    const expected = await deps.router.shares(deployment.model);
    await deps.router.setShares(deployment.model, after, expected);
    // A lease lost meanwhile is found out here, before anything is built on the change.
    await deps.registry.recordWork(holder, {});
    return { sliceSeconds: bakeSlice(bakeSeconds) };
  };

async function intend(
  { registry, router, clock, bakeSeconds }: Deps,
  holder: Holder,
  { model, work }: Deployment,
): Promise<Deployment> {
  const { revision } = requireWork(work.candidate, 'candidate');
  const { manifest } = requireWork(work.inspection, 'inspection');
  const previous = (await registry.model(model))?.live?.revision ?? null;
  const before = await router.shares(model);
  const after: Shares = { [revision]: ALL };
  const startedAtMs = clock.now();
  const seconds = manifest.rollout.bakeSeconds ?? (previous === null ? 0 : bakeSeconds);
  return registry.advance(
    holder,
    'Shifting',
    {
      shift: { previous, before, after, intendedAtMs: startedAtMs },
      bake: { startedAtMs, bakeSeconds: seconds, probesSent: 0, probesFailed: 0, lastFailure: '' },
    },
    { data: { before, after } },
  );
}
