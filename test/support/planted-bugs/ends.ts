import type { RevisionSpec } from '#ports/platform.ts';
import type { ProbeAnswer } from '#ports/prober.ts';
import { change } from '../worlds/change.ts';
import { MODEL } from '../worlds/memory.ts';
import type { VirtualWorkflow } from '../worlds/virtual-workflow.ts';
import { fargateOf, inState, liveOf, scenario } from './hooks.ts';
import type { PlantedBug } from './planted-bug.ts';
import { abortOnce, flaps, neverStarts } from './scenarios.ts';

const UPGRADE = scenario('upgrade');

/** Bugs by which a deployment does not end, or not as it should. */
export const END_BUGS: readonly PlantedBug[] = [
  {
    bug: 'argoproj/argo-rollouts#1292',
    what: 'giving up what is over stops what is live',
    scenario: UPGRADE,
    caught: 'I14',
    spoil: (world) =>
      change(world, 'AdmitDeployment', (admit) => async (held) => {
        const answer = await admit(held);
        const lease = await world.registry.lease(MODEL);
        if (answer['kind'] === 'ignored') {
          await fargateOf(world).retire(await liveOf(world), lease!.epoch);
        }
        return answer;
      }),
  },
  {
    bug: 'argoproj/argo-rollouts#1337',
    what: 'what was made for a version that was given up is left',
    scenario: scenario('unhealthy upgrade'),
    caught: 'I16',
    within: () => async (method, call) => {
      const isRemoval = method.endsWith('fargate.remove');
      return isRemoval ? undefined : call();
    },
  },
  {
    bug: 'argoproj/argo-rollouts#4461',
    what: 'an abort is ignored once all of the traffic is asked for',
    scenario: {
      ...UPGRADE,
      ends: 'RolledBack',
      async prepare(world) {
        const start = await UPGRADE.prepare(world);
        abortOnce(world);
        return start;
      },
    },
    caught: 'I12',
    within: () => async (method, call) => (method === 'registry.requestAbort' ? undefined : call()),
  },
  {
    bug: 'fluxcd/flagger#1591',
    what: 'a deadline that has passed is waited for again',
    scenario: {
      ...UPGRADE,
      ends: 'Failed',
      async prepare(world) {
        const start = await UPGRADE.prepare(world);
        neverStarts(world, 'digits-v3');
        return start;
      },
    },
    caught: 'I15',
    within: inState('DescribeCandidate', { 'registry.recordTrouble': async () => {} }),
    spoil: (world) =>
      change(world, 'DescribeCandidate', (look) => async (held) => {
        const answer = await look(held);
        return answer['kind'] === 'expired'
          ? { ...answer, kind: 'pending', retrySeconds: 30, attempt: 0 }
          : answer;
      }),
  },
  {
    bug: 'fluxcd/flagger#30',
    what: 'what is uploaded meanwhile is promoted in the place of what was proven',
    scenario: UPGRADE,
    caught: 'I10',
    spoil: (world) => makeFromNewer(world),
  },
  {
    bug: 'devantler-tech/platform#2387',
    what: 'a model whose last deployment has failed takes no other',
    scenario: scenario('unhealthy upgrade'),
    caught: 'I19',
    spoil: (world) =>
      change(world, 'AdmitDeployment', (admit) => async (held) => {
        const hasFailed = (await world.told()).some(({ state }) => state === 'Failed');
        return hasFailed ? { kind: 'ignored', id: '', model: MODEL, reason: '' } : admit(held);
      }),
  },
  {
    bug: 'aws/copilot-cli#4838',
    what: 'a rollback brings back one part of a version, and leaves another as it is',
    scenario: scenario('rollback'),
    caught: 'I10',
    spoil: (world) => makeFromNewer(world),
  },
  {
    bug: 'resetOnHealthyTask of the circuit breaker of ECS',
    what: 'one good answer makes the bad ones before it forgotten',
    scenario: {
      ...UPGRADE,
      ends: 'RolledBack',
      bad: 'digits-v3',
      async prepare(world) {
        const start = await UPGRADE.prepare(world);
        flaps(world, 'digits-v3');
        return start;
      },
    },
    caught: 'I9',
    within: inState('JudgeBake', {
      'prober.send': async (call) => {
        const answer = (await call()) as ProbeAnswer;
        return isWrong(answer) ? call() : answer;
      },
    }),
  },
];

function makeFromNewer(world: VirtualWorkflow): void {
  const fargate = fargateOf(world);
  const { create } = fargate;
  fargate.create = (spec: RevisionSpec, epoch) =>
    create({ ...spec, artifact: { ...spec.artifact, versionId: 'newer' } }, epoch);
}

const isWrong = (answer: ProbeAnswer) => answer.kind === 'answer' && answer.body.includes('"z"');
