import { eventually } from '../support/clock/eventually.ts';
import { IS_THOROUGH } from '../support/fuzz/runs.ts';
import { cappedModel } from '../support/models/onnx.ts';
import { behaving } from '../support/servers/behaviour.ts';
import { type Kill, killedIn, MOST_KILLS } from '../support/slipway/killed-in.ts';
import { type RunningSlipway, temporaryFolder } from '../support/slipway/running.ts';

const REQUESTS = 30;
const MANIFEST = `
capture: { requestsPerHour: 1000 }
gate: { changed: block }
rollout: { bakeSeconds: 0 }
`;
const FIRST = cappedModel(1e9);
/** Part of each client's request and of no probe. */
const LARGE = ',1000';
/** From here on, each request is one of the judge of answers: the probes of a bake ask each version ten at most. */
const JUDGED = 11;

/** The next versions, and how their deployments end: one answers clients otherwise than the first. */
const NEXT = {
  broken: { model: cappedModel(50_000), ends: 'RolledBack' },
  equal: { model: cappedModel(2e9), ends: 'Live' },
} as const;
type Next = keyof typeof NEXT;

// The judge asks the version before what clients got from the next one, and the first of that once more.
const USUAL: Readonly<Record<Next, readonly Kill[]>> = {
  broken: [0, 25, 50].map((more) => ({ version: 1, nth: JUDGED + more })),
  equal: [10, 45].map((more) => ({ version: 1, nth: JUDGED + more })),
};
const THOROUGH: Readonly<Record<Next, readonly Kill[]>> = {
  broken: Array.from({ length: MOST_KILLS }, (_, kill) => ({ version: 1, nth: JUDGED + 6 * kill })),
  equal: Array.from({ length: MOST_KILLS }, (_, kill) => ({ version: 1, nth: JUDGED + 5 * kill })),
};
const KILLS = IS_THOROUGH ? THOROUGH : USUAL;
const countOf = (kills: typeof KILLS) => Object.values(kills).flat().length;
process.stdout.write(
  `${countOf(KILLS)} of ${countOf(THOROUGH)} kills; SLIPWAY_THOROUGH=1 for all of them\n`,
);

it.each(['broken', 'equal'] as const)(
  'a Slipway that is killed while it judges what clients got, again and again, finds the same to the bit of a version that is %s',
  async (next) => {
    await using folder = await temporaryFolder();
    const asked = new Map<string, Promise<unknown>>();
    await using killed = await killedIn(
      'JudgeBake',
      folder.path,
      {},
      async ({ state, moment, execution }, slipway) => {
        const model = ['calm', 'killed'].find((name) => execution.startsWith(`${name}-`));
        if (!model || state !== 'JudgeBake' || moment !== 'begins') return;
        // Once, and not after each kill: what the clients have been told is to be judged all the same.
        if ((await slipway().endings(model)).length === 1 && !asked.has(model)) {
          asked.set(model, askAll(slipway(), model));
        }
        await asked.get(model);
      },
    );
    await deployFirst(killed.now(), 'calm');
    await deployFirst(killed.now(), 'killed');
    dropSecond(killed.now(), 'calm', next);
    const calm = await foundOf(killed.now(), 'calm', next);
    expect(calm.answers?.reason).toContain(
      next === 'equal' ? `all of ${REQUESTS} kept requests are answered as before` : 'broken',
    );

    const reached = await killed.killAt('killed', KILLS[next], (slipway) =>
      dropSecond(slipway, 'killed', next),
    );

    expect(await foundOf(killed.now(), 'killed', next)).toEqual(calm);
    expect(await ask(killed.now(), 'killed', 1)).toEqual([1, 100_001]);
    expect(reached.filter((body) => !body.includes(LARGE))).toEqual([]);
  },
);

async function deployFirst(slipway: RunningSlipway, model: string): Promise<void> {
  slipway.drop(`models/${model}/model.onnx.yaml`, MANIFEST);
  slipway.drop(`models/${model}/model.onnx`, behaving('pauses-when-told', FIRST));
  await slipway.ending(model, 1);
  await slipway.settled(model);
}

function dropSecond(slipway: RunningSlipway, model: string, next: Next): void {
  slipway.drop(`models/${model}/model.onnx`, behaving('pauses-when-told', NEXT[next].model));
}

/** Clients ask the version that has the traffic, and their requests are kept. */
async function askAll(slipway: RunningSlipway, model: string): Promise<void> {
  for (let row = 0; row < REQUESTS; row += 1) await ask(slipway, model, row);
  await eventually(async () => {
    const text = await (await slipway.api(`/models/${model}/capture/requests`)).text();
    return text.split('\n').filter(Boolean).length >= REQUESTS;
  });
}

async function ask(slipway: RunningSlipway, model: string, row: number) {
  const x = { name: 'x', datatype: 'FP32', shape: [1, 2], data: [row, 100_000 + row] };
  const response = await slipway.infer(model, { inputs: [x] });
  expect(response.status).toBe(200);
  const { outputs } = (await response.json()) as { outputs: [{ data: number[] }] };
  return outputs[0].data;
}

type Work = {
  readonly trouble: { readonly reason: string } | null;
  readonly work: { readonly bake: { readonly answers?: { readonly reason: string } } };
};

/** The finding on the second version's answers, once its deployment has ended as it should, and why it was rolled back. */
async function foundOf(slipway: RunningSlipway, model: string, next: Next) {
  const { detail } = await slipway.ending(model, 2);
  expect(detail.state).toBe(NEXT[next].ends);
  await slipway.settled(model);
  const { trouble, work } = (await slipway.get(`/deployments/${detail.deploymentId}`)) as Work;
  return { trouble: trouble?.reason, answers: work.bake.answers };
}
