import type { ProbeAnswer } from '#ports/prober.ts';
import { type Asked, answered } from '../memory/prober.ts';
import { answersRight, answersWrong, MODEL } from '../worlds/memory.ts';
import type { VirtualWorkflow } from '../worlds/virtual-workflow.ts';
import { inState, scenario, takeReadinessForProof, together } from './hooks.ts';
import type { PlantedBug } from './planted-bug.ts';

const UPGRADE = scenario('upgrade');
const FIRST = scenario('first');
const UNHEALTHY = scenario('unhealthy upgrade');

const refuses = (asked: Asked) => answered(asked === 'ready' ? 200 : 400);

/** The address of the model's endpoint, and not of a revision alone. */
const isEndpoint = (world: VirtualWorkflow, [address]: readonly unknown[]) =>
  address === world.router.route(MODEL);

/** A bug that Slipway really had: a version went live that gave clients no answers. */
export const HEALTH_BUGS: readonly PlantedBug[] = [
  {
    bug: 'a broken upgrade',
    what: 'what refuses all that the live version answers is taken for healthy',
    scenario: {
      ...UNHEALTHY,
      async prepare(world) {
        const start = await UNHEALTHY.prepare(world);
        world.behave('digits-v2', refuses);
        return start;
      },
    },
    caught: 'I9',
    spoil: takeReadinessForProof,
    // Neither the comparison nor the bake asks it for more.
    within: together(
      inState('CompareAnswers', { 'prober.send': () => answersRight('ready') }),
      inState('JudgeBake', { 'prober.send': () => answersRight('ready') }),
    ),
  },
  {
    bug: 'a first version that refuses everything',
    what: 'a refusal is taken for a proof where nothing is live',
    scenario: {
      ...FIRST,
      ends: 'Failed',
      bad: 'digits-v1',
      async prepare(world) {
        world.behave('digits-v1', refuses);
        return FIRST.prepare(world);
      },
    },
    caught: 'I9',
    spoil: takeReadinessForProof,
  },
  {
    bug: 'a verified 502',
    what: 'an answer that no model gave is taken for agreement',
    scenario: {
      ...FIRST,
      ends: 'RolledBack',
      bad: 'digits-v1',
      async prepare(world) {
        world.prober.front((answer, asked) =>
          asked === 'ready' && isBy(answer, 'digits-v1') ? BAD_GATEWAY : answer,
        );
        return FIRST.prepare(world);
      },
    },
    caught: 'I9',
    within: inState('VerifyTraffic', {
      'prober.ready': () => ({ ...answersRight('ready'), revision: 'digits-v1' }),
    }),
  },
  {
    bug: 'a bake past the endpoint',
    what: 'clients get worse than the candidate’s own way shows, and are given more of it',
    scenario: {
      ...UPGRADE,
      ends: 'RolledBack',
      bad: 'digits-v3',
      async prepare(world) {
        world.prober.front((answer, asked) =>
          isBy(answer, 'digits-v3') ? { ...answersWrong(asked), revision: 'digits-v3' } : answer,
        );
        return UPGRADE.prepare(world);
      },
    },
    caught: 'I13',
    within: (world) => (method, call, asked) =>
      inState('JudgeBake', {
        'prober.send': async (ask) => {
          const hasBoth = Object.keys(world.router.dataPlane(MODEL)).length > 1;
          const answer = (await ask()) as ProbeAnswer;
          return hasBoth && isEndpoint(world, asked)
            ? { ...answer, revision: 'digits-v2' }
            : answer;
        },
      })(world)(method, call, asked),
  },
];

const BAD_GATEWAY: ProbeAnswer = {
  kind: 'answer',
  status: 502,
  body: 'bad gateway',
  revision: null,
  latencyMs: 1,
};

const isBy = (answer: ProbeAnswer, revision: string) =>
  answer.kind === 'answer' && answer.revision === revision;
