import { TARGETS, type Target } from '#domain/placement/target.ts';
import { addConstantModel, unknownOperatorModel } from '../support/models/onnx.ts';
import { call, clients, kinds } from '../support/slipway/clients.ts';
import {
  processesOf,
  type RunningSlipway,
  servedIn,
  startSlipway,
  temporaryFolder,
} from '../support/slipway/running.ts';

const V1 = addConstantModel({ constant: 10 });
// It is found out when its model server loads it.
const BROKEN = unknownOperatorModel();
const V3 = addConstantModel({ constant: 30 });

// The states that prove a version and give it the traffic.
const TO_LIVE = ['Provisioning', 'Ready', 'Shifting', 'Baking', 'Live'];
const TO_LIVE_AGAIN = TO_LIVE.toSpliced(2, 0, 'Compared');

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let slipway: RunningSlipway;
let stories: ReadonlyMap<Target, ReturnType<typeof story>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  slipway = await startSlipway(folder.path);
  stories = new Map(TARGETS.map((target) => [target, story(`on-${target}`, target)]));
  await Promise.allSettled(stories.values());
});

afterAll(async () => {
  await slipway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** A model's whole life on a target, and the answers that clients get all the time until each part is over. */
async function story(model: string, target: Target) {
  const key = `models/${model}/model.onnx`;
  slipway.drop(`${key}.yaml`, `placement: { target: ${target} }\nrollout: { bakeSeconds: 0 }\n`);
  await deploy(model, V1);
  const load = clients(slipway, model, { count: 2, pauseMs: 50 });
  const answered = async () => {
    await load.more(5);
    return { kinds: kinds(load.answers), last: load.answers.at(-1)?.revision };
  };

  const first = await answered();
  const broken = { ...(await deploy(model, BROKEN)), ...(await answered()) };
  // Some request is under way at every moment from here on.
  load.pauseFor(0);
  await deploy(model, V3);
  const moved = { ...(await answered()), shown: await slipway.get(`/models/${model}`) };
  const { code, out } = await slipway.command('rollback', model);
  const back = { code, out, ...(await answered()) };
  await load.stop();
  await slipway.settled(model);
  await slipway.ask(model, 'undeploy');
  await slipway.settled(model);
  const gone = { answer: await call(slipway, model), shown: await slipway.get(`/models/${model}`) };
  return { model, first, broken, moved, back, gone };
}

/** Drops a version; answers how that ended, once nothing of it is under way any more. */
async function deploy(model: string, bytes: Uint8Array) {
  const known = (await slipway.endings(model)).length;
  slipway.drop(`models/${model}/model.onnx`, bytes);
  const { detail } = await slipway.ending(model, known + 1);
  await slipway.settled(model);
  return { state: detail.state, reason: detail.reason, data: detail.data };
}

describe.each(TARGETS)('on %s', (target) => {
  it('version 1 is live, and answers', async () => {
    const { model, first } = await stories.get(target)!;

    expect(first).toEqual({ kinds: [`200 ${model}-v1 11,12`], last: `${model}-v1` });
  });

  it('version 1 goes on answering every request when version 2 is broken', async () => {
    const { model, broken } = await stories.get(target)!;

    expect(broken).toEqual({
      state: 'Failed',
      reason: expect.stringMatching(/did not start: [\s\S]*Mystery/),
      data: expect.objectContaining({ degraded: false, left: [] }),
      kinds: [`200 ${model}-v1 11,12`],
      last: `${model}-v1`,
    });
  });

  it('every client moves to version 3 without losing a request, and version 1 stays startable', async () => {
    const { model, moved } = await stories.get(target)!;

    expect(moved).toEqual({
      kinds: [`200 ${model}-v1 11,12`, `200 ${model}-v3 31,32`],
      last: `${model}-v3`,
      shown: expect.objectContaining({
        live: expect.objectContaining({ revision: `${model}-v3`, target, state: 'Live' }),
        versions: [
          expect.objectContaining({ version: 3, state: 'Live' }),
          expect.objectContaining({ version: 1, state: 'Retired' }),
        ],
      }),
    });
  });

  it('slipway rollback has version 1 live again, and loses no request either', async () => {
    const { model, back } = await stories.get(target)!;

    expect(back).toEqual({
      code: 0,
      out: expect.stringContaining(`${model} v1 is live on ${target}`),
      kinds: [`200 ${model}-v1 11,12`, `200 ${model}-v3 31,32`],
      last: `${model}-v1`,
    });
  });

  it('an undeploy takes the model away', async () => {
    const { gone } = await stories.get(target)!;

    expect(gone).toMatchObject({
      answer: { status: 404, revision: null },
      shown: { live: null, versions: [{ state: 'Removed' }, { state: 'Removed' }] },
    });
  });

  it('each step is told as an event, in order', async () => {
    const { model } = await stories.get(target)!;

    // On a busy machine a server may start so slowly that the wait for it is told too.
    const events = (await slipway.events(model)).filter(({ detail }) => detail.state !== 'Waiting');

    expect(events.map(({ detail: { version, state } }) => `v${version ?? ''} ${state}`)).toEqual([
      ...['Admitted', 'Inspected', ...TO_LIVE].map((state) => `v1 ${state}`),
      ...['Admitted', 'Inspected', 'Provisioning', 'Failed'].map((state) => `v2 ${state}`),
      ...['Admitted', 'Inspected', ...TO_LIVE_AGAIN].map((state) => `v3 ${state}`),
      'v1 Retired',
      ...['Admitted', ...TO_LIVE].map((state) => `v1 ${state}`),
      'v3 Retired',
      ...['v Admitted', 'v Undeploying', 'v3 Removed', 'v1 Removed', 'v Undeployed'],
    ]);
  });
});

it('nothing is left of it, and nothing when Slipway stops', async () => {
  expect(servedIn(folder.path)).toEqual([]);
  expect(await slipway.stop()).toBe(0);
  expect(processesOf(folder.path)).toEqual([]);
});
