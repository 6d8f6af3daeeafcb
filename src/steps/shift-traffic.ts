import {
  type BakeRecord,
  bringsVersion,
  type Deployment,
  type DeploymentWork,
  type Shares,
  type Shift,
} from '#domain/deployment.ts';
import { placementOf } from '#domain/placement/target.ts';
import { bakeSlice } from '#domain/registry/loops.ts';
import { planShift, type ShiftDefaults } from '#domain/rollout/plan-shift.ts';
import { isSameShares } from '#domain/rollout/shares.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { Clock } from '#ports/clock.ts';
import type { Holder, Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  readonly router: Router;
  readonly clock: Clock;
  /** The bake times when the manifest names none; a first deployment then has no bake. */
  readonly shifts: ShiftDefaults;
};

export const shiftTraffic =
  (deps: Deps) =>
  async ({
    deploymentId,
    epoch,
    attempt,
  }: StepInput<'ShiftTraffic'>): Promise<StepOutput<'ShiftTraffic'>> => {
    const { registry, router, clock } = deps;
    const holder = { deploymentId, epoch };
    const deployment = await requireDeployment(registry, deploymentId);
    const { shift, bake } = isUnderWay(deployment)
      ? deployment.work
      : (await intend(deps, holder, deployment)).work;
    const intended = requireWork(shift, 'shift');
    const timed = inTime(intended, deployment.attempt, clock.now());
    const { bakeSeconds } = requireWork(bake, 'bake');

    const expected = await router.shares(deployment.model);
    // Written after reading `expected`, so a step that has lost the lease by now changes nothing.
    await registry.recordWork(holder, timed);
    await router.setShares(deployment.model, intended.after, expected, epoch);
    return { sliceSeconds: bakeSlice(bakeSeconds), attempt };
  };

/** An execution that takes over from a dead one resets the shift's start time: the time in between was not the router's. */
function inTime(shift: Shift, attempt: number, intendedAtMs: number): DeploymentWork {
  return shift.attempt === attempt ? {} : { shift: { ...shift, attempt, intendedAtMs } };
}

/** An intended step is carried out before the next one begins. */
function isUnderWay({ work }: Deployment): boolean {
  return work.shift !== undefined && work.bake?.isOver !== true;
}

async function intend(deps: Deps, holder: Holder, deployment: Deployment): Promise<Deployment> {
  const { registry, router, clock } = deps;
  const { model, work, attempt } = deployment;
  const before = await router.shares(model);
  const known = work.shift;
  const { plan, notice } = known
    ? { plan: known, notice: '' }
    : await begin(deps, deployment, before);
  const step = known ? known.step + 1 : 0;
  const { percent, bakeSeconds } = requireWork(plan.steps[step], `step ${step} of its shift`);
  const { revision } = requireWork(work.candidate, 'candidate');
  const after = sharesAt(percent, revision, plan.previous?.revision);
  const intendedAtMs = clock.now();
  return registry.advance(
    holder,
    'Shifting',
    {
      shift: {
        previous: plan.previous,
        steps: plan.steps,
        step,
        before,
        after,
        attempt,
        intendedAtMs,
      },
      bake: newBake(intendedAtMs, bakeSeconds, work.bake?.looks ?? 0),
    },
    {
      reason: notice,
      data: { before, after, percent, step: step + 1, steps: plan.steps.length },
    },
  );
}

type Plan = Pick<Shift, 'previous' | 'steps'>;

async function begin(
  { registry, shifts }: Deps,
  { kind, model, work }: Deployment,
  before: Shares,
): Promise<{ readonly plan: Plan; readonly notice: string }> {
  const candidate = requireWork(work.candidate, 'candidate');
  const { revision } = candidate;
  const { manifest } = requireWork(work.inspection, 'inspection');
  const live = (await registry.model(model))?.live ?? null;
  const previous = live && { revision: live.revision, ...placementOf(live) };
  const { steps, notice } = planShift({
    from: previous,
    to: candidate,
    rollout: manifest.rollout,
    defaults: shifts,
    isProven: !bringsVersion(kind) || previous?.revision === revision,
  });
  // Traffic never goes back to a live version that does not serve, as after a rollback to the healthier side.
  const isServing = !previous || isSameShares(before, { [previous.revision]: 100 });
  return isServing
    ? { plan: { previous, steps }, notice }
    : {
        plan: { previous, steps: steps.slice(-1) },
        notice: `${previous.revision} did not have the traffic, so it moves all at once`,
      };
}

function sharesAt(percent: number, revision: string, previous: string | undefined): Shares {
  if (percent === 100 || previous === undefined || previous === revision)
    return { [revision]: 100 };
  return { [previous]: 100 - percent, [revision]: percent };
}

function newBake(startedAtMs: number, bakeSeconds: number, looks: number): BakeRecord {
  return {
    startedAtMs,
    bakeSeconds,
    probesSent: 0,
    probesFailed: 0,
    lastFailure: '',
    latenciesMs: [],
    previousLatenciesMs: [],
    isOver: false,
    looks,
  };
}
