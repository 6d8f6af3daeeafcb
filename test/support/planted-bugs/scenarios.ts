import { manifestOf } from '../faults/scenarios.ts';
import { before } from '../worlds/change.ts';
import { answersRight, answersWrong, MODEL } from '../worlds/memory.ts';
import type { VirtualWorkflow } from '../worlds/virtual-workflow.ts';
import { fargateOf } from './hooks.ts';

const HOUR_MS = 3_600_000;
const ABORTED = { name: 'Aborted', reason: 'somebody asked for it', fix: '' };

/** Somebody aborts the deployment in its bake. */
export function abortOnce(world: VirtualWorkflow): void {
  let isAborted = false;
  before(world, 'JudgeBake', async ({ deploymentId }) => {
    if (!isAborted) await world.deps.registry.requestAbort(deploymentId, ABORTED);
    isAborted = true;
  });
}

/** The traffic is on the second version, which was given up; the first is live and has died. */
export async function drifted(world: VirtualWorkflow) {
  await world.deploy(world.upload(manifestOf('fargate')));
  const manifest = 'placement: { target: fargate }\nrollout: { steps: [100], bakeSeconds: 40 }';
  const { deploymentId, epoch } = await world.before('JudgeBake', world.upload({ manifest }));
  await world.registry.settle({ deploymentId, reason: 'stopped', degraded: true });
  world.clock.advance(HOUR_MS);
  await world.platforms.fargate.retire('digits-v1', epoch);
  return world.upload(manifestOf('fargate'));
}

export function inFlightForASecond(world: VirtualWorkflow, revision: string): void {
  let leftAtMs = Number.POSITIVE_INFINITY;
  before(world, 'CommitDeployment', async () => {
    leftAtMs = world.clock.now();
    world.platforms.fargate.setInFlight(revision, 3);
  });
  before(world, 'RetirePrevious', async () => {
    if (world.clock.now() - leftAtMs >= 1000) world.platforms.fargate.setInFlight(revision, 0);
  });
}

export function neverStarts(world: VirtualWorkflow, revision: string): void {
  const fargate = fargateOf(world);
  const { describe } = fargate;
  fargate.describe = async (name, waiting) =>
    name === revision ? { kind: 'pending', reason: 'it starts' } : describe(name, waiting);
}

/** Every other answer is wrong while there is traffic. */
export function flaps(world: VirtualWorkflow, revision: string): void {
  let answers = 0;
  world.behave(revision, (asked) => {
    const hasTraffic = Object.hasOwn(world.router.dataPlane(MODEL), revision);
    if (!hasTraffic || asked === 'ready') return answersRight(asked);
    answers += 1;
    return (answers % 2 === 0 ? answersRight : answersWrong)(asked);
  });
}
