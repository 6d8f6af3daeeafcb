import { eventually } from '../support/eventually.ts';
import {
  addConstantModel,
  slowLoadingModel,
  unknownOperatorModel,
} from '../support/onnx-models.ts';
import {
  isEnding,
  processesOf,
  type RunningSlipway,
  startSlipway,
  temporaryFolder,
} from '../support/running-slipway.ts';

const KEY = 'models/shapes/model.onnx';
const REQUEST = { inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] };
const V1 = addConstantModel({ constant: 10 });
const V1_ANSWER = [11, 12];

/** Calls the model without a pause until stopped; answers each status and answer that came. */
function callers(slipway: RunningSlipway) {
  const answers: { status: number; revision: string | null; data: unknown }[] = [];
  let isOver = false;
  const call = async () => {
    while (!isOver) {
      const response = await slipway.infer('shapes', REQUEST);
      const body = (await response.json()) as { outputs?: { data: unknown }[] };
      answers.push({
        status: response.status,
        revision: response.headers.get('x-slipway-revision'),
        data: body.outputs?.[0]?.data ?? body,
      });
    }
  };
  const calls = [call(), call()];
  return {
    answers,
    async stop() {
      isOver = true;
      await Promise.all(calls);
    },
  };
}

describe('a running Slipway', () => {
  it.each([
    {
      name: 'crashes while it loads',
      bytes: unknownOperatorModel(),
      manifest: '',
      reason: /shapes-v2 did not start/,
    },
    {
      name: 'answers its golden request wrong',
      bytes: addConstantModel({ constant: 20 }),
      manifest: `examples:\n  - request: ${JSON.stringify(REQUEST)}\n    expect: { outputs: [{ name: y, data: [11, 12] }] }\n`,
      reason: /the golden request was answered wrong/,
    },
    {
      name: 'never gets ready',
      bytes: slowLoadingModel({ seconds: 15 }),
      manifest: 'server: { startupTimeoutSeconds: 1 }\n',
      reason: /not ready/,
    },
  ])('goes on answering with v1 when v2 $name', async ({ bytes, manifest, reason }) => {
    await using folder = await temporaryFolder();
    await using slipway = await startSlipway(folder.path);
    slipway.drop(KEY, V1);
    await slipway.ending('shapes', 1);
    const traffic = callers(slipway);

    if (manifest) slipway.drop(`${KEY}.yaml`, manifest);
    slipway.drop(KEY, bytes);
    const end = await slipway.ending('shapes', 2);
    await traffic.stop();

    expect(end.detail).toMatchObject({
      state: 'Failed',
      version: 2,
      reason: expect.stringMatching(reason),
    });
    expect((await slipway.events('shapes')).filter(isEnding)).toHaveLength(2);
    expect(traffic.answers.length).toBeGreaterThan(10);
    expect(new Set(traffic.answers.map((answer) => JSON.stringify(answer)))).toEqual(
      new Set([JSON.stringify({ status: 200, revision: 'shapes-v1', data: V1_ANSWER })]),
    );
    expect(await slipway.get(`/models/shapes`)).toMatchObject({
      live: { revision: 'shapes-v1' },
      newest: { version: 2, phase: 'Failed', trouble: { reason: expect.stringMatching(reason) } },
    });
    expect((await fetch(`${slipway.gateway}/_candidate/shapes-v2/ping`)).status).toBe(404);
    await slipway.stop();
    expect(processesOf(folder.path)).toEqual([]);
  });

  it('moves every client to v2 without losing a request, and keeps v1 startable', async () => {
    await using folder = await temporaryFolder();
    await using slipway = await startSlipway(folder.path);
    slipway.drop(KEY, V1);
    await slipway.ending('shapes', 1);
    const traffic = callers(slipway);

    slipway.drop(KEY, addConstantModel({ constant: 20 }));
    await slipway.ending('shapes', 2);
    await eventually(async () =>
      (await slipway.events('shapes')).some(({ detail }) => detail.state === 'Retired'),
    );
    await traffic.stop();

    const seen = traffic.answers.map(
      ({ status, revision, data }) => `${status} ${revision} ${data}`,
    );
    expect(new Set(seen)).toEqual(new Set(['200 shapes-v1 11,12', '200 shapes-v2 21,22']));
    expect(seen.lastIndexOf('200 shapes-v1 11,12')).toBeLessThan(seen.length - 1);
    expect(await slipway.get('/models/shapes')).toMatchObject({
      live: { revision: 'shapes-v2', state: 'Live' },
      versions: [
        { version: 2, state: 'Live' },
        { version: 1, state: 'Retired' },
      ],
    });
    expect((await fetch(`${slipway.gateway}/_candidate/shapes-v1/ping`)).status).toBe(200);
    await slipway.stop();
    expect(processesOf(folder.path)).toEqual([]);
  });
});
