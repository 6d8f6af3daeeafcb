import type { ProbeAnswer } from '#ports/prober.ts';
import { before, change } from '../worlds/change.ts';
import { answersRight, answersWrong, MODEL } from '../worlds/memory.ts';
import type { VirtualWorkflow } from '../worlds/virtual-workflow.ts';
import { fargateOf, inState, liveOf, scenario, takeReadinessForProof, together } from './hooks.ts';
import type { PlantedBug } from './planted-bug.ts';
import { abortOnce, drifted, inFlightForASecond } from './scenarios.ts';

const UPGRADE = scenario('upgrade');
const TEN_MINUTES_MS = 600_000;

const retireLive =
  (world: VirtualWorkflow) =>
  async ({ epoch }: { readonly epoch: number }) =>
    fargateOf(world).retire(await liveOf(world), epoch);

/** Claims that `revision` answered, whichever revision did. */
const claimed = (revision: string) => async (call: () => Promise<unknown>) => ({
  ...((await call()) as ProbeAnswer),
  revision,
});

/** Bugs by which clients lose the server of their requests. */
export const TRAFFIC_BUGS: readonly PlantedBug[] = [
  {
    bug: 'argoproj/argo-rollouts#3333',
    what: 'a change of shares that was throttled counts as made',
    scenario: UPGRADE,
    caught: 'I2',
    within: (world) => (method, call, asked) =>
      together(
        inState('ShiftTraffic', { 'router.setShares': async () => {} }),
        inState('VerifyTraffic', {
          'router.verify': async () => ({ kind: 'verified' }),
          'prober.ready': claimed('digits-v3'),
        }),
        inState('JudgeBake', { 'prober.send': claimed('digits-v3') }),
      )(world)(method, call, asked),
  },
  {
    bug: 'argoproj/argo-rollouts#3926',
    what: 'the old side is stopped before clients are off it',
    scenario: UPGRADE,
    caught: 'I3',
    spoil: (world) =>
      change(world, 'ShiftTraffic', (shift) => async (held) => {
        const answer = await shift(held);
        await retireLive(world)(held);
        return answer;
      }),
  },
  {
    bug: 'argoproj/argo-rollouts#2864',
    what: 'the new version is made in the place of the live one',
    scenario: UPGRADE,
    caught: 'I2',
    spoil: (world) =>
      before(world, 'ProvisionFargate', async ({ epoch }) =>
        fargateOf(world).remove(await liveOf(world), epoch),
      ),
  },
  {
    bug: 'argoproj/argo-rollouts#2235',
    what: 'traffic moves after the old side is at zero',
    scenario: UPGRADE,
    caught: 'I1',
    spoil: (world) => before(world, 'ShiftTraffic', retireLive(world)),
  },
  {
    bug: 'argoproj/argo-rollouts#2050',
    what: 'traffic moves to a candidate that has not started',
    scenario: { ...UPGRADE, world: { pendingMs: 120_000 } },
    caught: 'I2',
    spoil(world) {
      change(world, 'DescribeCandidate', (look) => async (held) => ({
        ...(await look(held)),
        kind: 'ready',
      }));
      takeReadinessForProof(world);
    },
  },
  {
    bug: 'fluxcd/flagger#1931',
    what: 'a rollback leads to the old version, though that is broken by now',
    scenario: {
      ...UPGRADE,
      bad: 'digits-v2',
      async prepare(world) {
        const start = await UPGRADE.prepare(world);
        const mendedAtMs = world.clock.now() + TEN_MINUTES_MS;
        world.behave('digits-v2', (asked) =>
          (world.clock.now() < mendedAtMs ? answersWrong : answersRight)(asked),
        );
        abortOnce(world);
        return start;
      },
    },
    caught: 'I22',
    within: inState('RollBack', {
      'prober.send': (_, [, , asked]) => answersRight(asked as never),
    }),
  },
  {
    bug: 'aws/containers-roadmap#2853',
    what: 'traffic moves in steps from a live version that does not have it',
    scenario: { ...UPGRADE, prepare: drifted },
    caught: 'I2',
    within: (world) =>
      inState('ShiftTraffic', {
        'router.shares': async () => ({ [await liveOf(world)]: 100 }),
        'router.setShares': async (_, [model, shares, , epoch]) =>
          world.router.setShares(
            model as string,
            shares as Record<string, number>,
            await world.router.shares(MODEL),
            epoch as number,
          ),
      })(world),
  },
  {
    bug: 'kubernetes-sigs/aws-load-balancer-controller#1064',
    what: 'the old side is stopped while it still answers requests',
    scenario: {
      ...UPGRADE,
      async prepare(world) {
        const start = await UPGRADE.prepare(world);
        inFlightForASecond(world, await liveOf(world));
        return start;
      },
    },
    caught: 'I3',
    spoil: (world) =>
      change(world, 'CommitDeployment', (commit) => async (held) => ({
        ...(await commit(held)),
        drainSeconds: 0,
      })),
  },
];
