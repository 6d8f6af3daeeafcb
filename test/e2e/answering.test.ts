import { TARGETS } from '#domain/placement/target.ts';
import { addConstantModel, identityModel, sixOnlyModel } from '../support/models/onnx.ts';
import { clients, kinds, REQUEST } from '../support/slipway/clients.ts';
import {
  type RunningSlipway,
  servedIn,
  startSlipway,
  temporaryFolder,
} from '../support/slipway/running.ts';

const SIX = { name: 'x', datatype: 'FP32', shape: [6], data: [1, 2, 3, 4, 5, 6] };
const WITH_SIX = `examples: [{ request: { inputs: [${JSON.stringify(SIX)}] }, expect: { outputs: [{ name: y, data: [1, 2, 3, 4, 5, 6] }] } }]`;

describe.each(TARGETS)('on %s a version that loads and refuses every request', (target) => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let slipway: RunningSlipway;

  const drop = (model: string, bytes: Uint8Array, manifest = '') => {
    slipway.drop(`models/${model}/a.onnx.yaml`, `placement: { target: ${target} }\n${manifest}`);
    slipway.drop(`models/${model}/a.onnx`, bytes);
  };

  beforeAll(async () => {
    folder = await temporaryFolder();
    slipway = await startSlipway(folder.path);
  });

  afterAll(async () => {
    await slipway[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  it('is not Live in the place of one that answers, and no client sees it', async () => {
    drop('sums', addConstantModel({ constant: 10 }));
    await slipway.ending('sums', 1);
    const load = clients(slipway, 'sums', { count: 2, pauseMs: 5 });
    await load.more(5);

    drop('sums', sixOnlyModel());
    const { detail } = await slipway.ending('sums', 2);
    await load.more(20);
    await load.stop();

    expect(detail).toMatchObject({
      state: 'Failed',
      version: 2,
      reason: expect.stringMatching(
        /^sums-v2 is not healthy: sums-v1, the live revision, answers this request with 200; for the candidate the golden request was answered 400: .*the model refused the inputs/,
      ),
      fix: expect.stringContaining('- { name: "x", datatype: FP32, shape: [1], data: [0] }'),
    });
    expect(kinds(load.answers)).toEqual(['200 sums-v1 11,12']);
    expect(servedIn(folder.path)).not.toContain('sums-v2');
  });

  it('is not Live where nothing was, until an example says what it answers', async () => {
    drop('sixes', sixOnlyModel());
    const refused = await slipway.ending('sixes', 1);
    const endpoint = await slipway.infer('sixes', REQUEST);

    drop('sixes', sixOnlyModel(), WITH_SIX);
    const proven = await slipway.ending('sixes', 2);
    const answer = await slipway.infer('sixes', { inputs: [SIX] });

    expect(refused.detail).toMatchObject({
      state: 'Failed',
      reason: expect.stringContaining(
        'sixes-v1 is not healthy: the golden request was answered 400',
      ),
      fix: expect.stringContaining('say in model.yaml what your clients send'),
    });
    expect(endpoint.status).toBe(404);
    expect(proven.detail).toMatchObject({ state: 'Live', version: 2 });
    expect(answer.status).toBe(200);
  });
});

describe('a version that nothing can be made for', () => {
  it('is Live, and each who looks is told loudly that it is unproven', async () => {
    await using folder = await temporaryFolder();
    await using slipway = await startSlipway(folder.path);
    const unproven = expect.stringMatching(
      /^started, unproven: .*; give an example in model\.yaml \(examples: \[\{ request: … \}\]\)$/,
    );

    slipway.drop('models/large/a.onnx', identityModel({ datatype: 'FP32', shape: [5_000_000] }));
    await slipway.ending('large', 1);

    const told = (await slipway.events('large')).map(({ detail }) => detail);
    expect(told.find(({ state }) => state === 'Ready')).toMatchObject({ reason: unproven });
    expect(told.find((detail) => detail.state === 'Live')).toMatchObject({ reason: unproven });
    expect(await slipway.get('/models/large')).toMatchObject({ unproven });
    expect((await slipway.command('status')).out).toContain('(started, unproven: ');
    expect((await slipway.command('explain', 'large')).out).toMatch(
      /\nproven by +nothing; started, unproven: /,
    );
  });
});
