import { connect } from 'node:net';
import { eventually } from '../support/clock/eventually.ts';
import { addConstantModel, slowLoadingModel } from '../support/models/onnx.ts';
import { behaving } from '../support/servers/behaviour.ts';
import { call, REQUEST } from '../support/slipway/clients.ts';
import { hold } from '../support/slipway/hold.ts';
import { servedIn, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const MODELS = [1, 2, 3].map((constant) => addConstantModel({ constant }));
const [ONE, TWO, THREE] = MODELS as [Uint8Array, Uint8Array, Uint8Array];
// A bake that nobody waits for: it is aborted.
const LONG_BAKE = 'rollout: { bakeSeconds: 3600 }\n';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let slipway: Awaited<ReturnType<typeof startSlipway>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  slipway = await startSlipway(folder.path, {
    hasAnyServer: true,
    config: { maxInstances: 1, bakeSeconds: 0 },
  });
});

afterAll(async () => {
  await slipway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** Resolves once a version of the model is in a state. */
const reached = (model: string, version: number, state: string) =>
  slipway.told(model, (detail) => detail.version === version && detail.state === state);

/** Deploys version 1 of the model, and version 2 until its server is starting, which goes on when the answer is called. */
async function untilHeld(
  model: string,
  [first, second]: readonly [Uint8Array, Uint8Array],
): Promise<() => void> {
  slipway.drop(`models/${model}/a.onnx`, first);
  await slipway.ending(model, 1);
  const { hasServer, release } = hold(folder.path, `${model}-v2`);
  slipway.drop(`models/${model}/a.onnx`, behaving('waits-while-held', second));
  await eventually(hasServer);
  return release;
}

const ends = async (model: string) =>
  (await slipway.endings(model)).map(({ version, state }) => `v${version} ${state}`);

describe('an upload of the same bytes', () => {
  it('is ignored, and told which version of them is live', async () => {
    slipway.drop('models/twin/a.onnx', ONE);
    await slipway.ending('twin', 1);

    slipway.drop('models/twin/a.onnx', ONE);
    const { detail } = await slipway.ending('twin', 2);

    expect(detail).toMatchObject({
      state: 'Ignored',
      version: null,
      reason: 'models/twin/a.onnx is byte for byte identical to twin-v1, which is live',
    });
    expect((await slipway.infer('twin', REQUEST)).headers.get('x-slipway-revision')).toBe(
      'twin-v1',
    );
  });

  it('is deployed when its manifest is another one', async () => {
    slipway.drop('models/changed/a.onnx', ONE);
    await slipway.ending('changed', 1);

    slipway.drop('models/changed/a.onnx.yaml', 'rollout: { bakeSeconds: 0 }\n');
    slipway.drop('models/changed/a.onnx', ONE);
    await slipway.ending('changed', 2);

    expect(await ends('changed')).toEqual(['v1 Live', 'v2 Live']);
  });
});

describe('an upload during a deployment of its model', () => {
  it('waits, says for whom, and then has its turn', async () => {
    const goOn = await untilHeld('queue', [ONE, TWO]);

    slipway.drop('models/queue/a.onnx', THREE);
    await reached('queue', 3, 'Waiting');
    goOn();
    await slipway.ending('queue', 3);

    const told = (await slipway.events('queue')).map(({ detail }) => detail);
    const second = told.find(({ version }) => version === 2)?.deploymentId;
    expect(told.filter(({ state }) => state === 'Waiting')).toEqual([
      expect.objectContaining({
        version: 3,
        reason: `deployment ${second} of the same model is under way; this one runs after it, unless a newer artifact arrives`,
      }),
    ]);
    expect(await ends('queue')).toEqual(['v1 Live', 'v2 Live', 'v3 Live']);
    expect(await (await slipway.infer('queue', REQUEST)).json()).toMatchObject({
      outputs: [{ data: [4, 5] }],
    });
  });

  it('gives way to a newer one, and the newest is live in the end', async () => {
    const goOn = await untilHeld('hasty', [addConstantModel({ constant: 9 }), ONE]);

    slipway.drop('models/hasty/a.onnx', TWO);
    await reached('hasty', 3, 'Waiting');
    slipway.drop('models/hasty/a.onnx', THREE);
    await reached('hasty', 4, 'Waiting');
    goOn();
    await slipway.ending('hasty', 4);

    const superseded = (await slipway.endings('hasty')).filter(
      ({ state }) => state === 'Superseded',
    );
    expect((await ends('hasty')).toSorted()).toEqual([
      'v1 Live',
      'v2 Live',
      'v3 Superseded',
      'v4 Live',
    ]);
    expect(superseded[0]?.reason).toMatch(
      /^a newer artifact was admitted: models\/hasty\/a\.onnx, version /,
    );
    expect(await slipway.get('/models/hasty')).toMatchObject({ live: { revision: 'hasty-v4' } });
  });
});

describe('two uploads at once of one model', () => {
  it('end with the newest live, and the other live before it or superseded', async () => {
    slipway.drop('models/pair/a.onnx', ONE);
    slipway.drop('models/pair/b.onnx', TWO);
    await slipway.ending('pair', 2);

    const endings = await slipway.endings('pair');
    expect(endings.map(({ version }) => version).toSorted()).toEqual([1, 2]);
    expect(endings.find(({ version }) => version === 2)?.state).toBe('Live');
    expect(['Live', 'Superseded']).toContain(endings.find(({ version }) => version === 1)?.state);
    expect(await slipway.get('/models/pair')).toMatchObject({ live: { revision: 'pair-v2' } });
    expect((await slipway.infer('pair', REQUEST)).headers.get('x-slipway-revision')).toBe(
      'pair-v2',
    );
  });
});

describe('ten models', () => {
  it('that are uploaded at once are all live in the end, each as itself', async () => {
    const models = Array.from({ length: 10 }, (_, index) => `many-${index}`);
    for (const [index, model] of models.entries()) {
      slipway.drop(`models/${model}/a.onnx`, addConstantModel({ constant: index }));
    }

    const ended = await Promise.all(models.map((model) => slipway.ending(model, 1)));

    expect(ended.map(({ detail }) => detail.state)).toEqual(models.map(() => 'Live'));
    const answers = await Promise.all(models.map((model) => call(slipway, model)));
    expect(answers).toEqual(
      models.map((model, index) => ({
        status: 200,
        revision: `${model}-v1`,
        data: [1 + index, 2 + index],
      })),
    );
  });
});

describe('slipway abort', () => {
  it.each([
    { name: 'during the bake', second: TWO, state: 'Baking', end: 'RolledBack' },
    {
      name: 'while the new version starts',
      second: slowLoadingModel({ seconds: 20 }),
      state: 'Provisioning',
      end: 'Aborted',
    },
  ])('$name leaves the version that was live untouched', async ({ second, state, end }) => {
    const model = `aborted-${state.toLowerCase()}`;
    slipway.drop(`models/${model}/a.onnx`, ONE);
    await slipway.ending(model, 1);
    slipway.drop(`models/${model}/a.onnx.yaml`, LONG_BAKE);
    slipway.drop(`models/${model}/a.onnx`, second);
    await reached(model, 2, state);

    const { code, out, err } = await slipway.command('abort', model);

    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`${model} v1 is live on lambda`);
    expect((await slipway.endings(model)).at(-1)).toMatchObject({
      version: 2,
      state: end,
      reason: 'aborted by slipway abort',
    });
    await eventually(() => servedIn(folder.path).every((it) => it !== `${model}-v2`));
    expect(await call(slipway, model)).toEqual({
      status: 200,
      revision: `${model}-v1`,
      data: [2, 3],
    });
  });
});

describe('two models', () => {
  it('are deployed side by side', async () => {
    const goOn = await untilHeld('left', [ONE, TWO]);

    slipway.drop('models/right/a.onnx', ONE);
    await slipway.ending('right', 1);

    expect(await ends('left')).toEqual(['v1 Live']);
    goOn();
    await slipway.ending('left', 2);
    expect(await ends('left')).toEqual(['v1 Live', 'v2 Live']);
  });
});

describe('requests at once', () => {
  it('are all answered by the one process that a revision may run, in turn', async () => {
    slipway.drop('models/slow/a.onnx', behaving('waits-while-held', ONE));
    await slipway.ending('slow', 1);
    const { hasServer, release } = hold(folder.path, 'slow-v1');

    const calls = Array.from({ length: 12 }, () => slipway.infer('slow', REQUEST));
    await eventually(hasServer);
    release();
    const answers = await Promise.all(calls);

    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(servedIn(folder.path).filter((it) => it === 'slow-v1')).toHaveLength(1);
  });

  it('that stand still in the middle keep no version from its bake and its end', async () => {
    slipway.drop('models/still/a.onnx.yaml', 'rollout: { bakeSeconds: 1 }\n');
    slipway.drop('models/still/a.onnx', ONE);
    await slipway.ending('still', 1);
    const { hostname, port } = new URL(slipway.gateway);
    let answers = 0;
    const stalled = Array.from({ length: 20 }, () =>
      connect(Number(port), hostname)
        .on('error', () => {})
        .on('data', () => (answers += 1)),
    );
    for (const socket of stalled) {
      socket.write(
        'POST /models/still/invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n',
      );
    }

    slipway.drop('models/still/a.onnx', TWO);
    const { detail } = await slipway.ending('still', 2);

    expect(detail.state).toBe('Live');
    // Theirs would have been ended after 29 s.
    expect(answers).toBe(0);
    expect(await call(slipway, 'still')).toMatchObject({ status: 200, revision: 'still-v2' });
    for (const socket of stalled) socket.destroy();
  });
});
