import { eventually } from '../support/clock/eventually.ts';
import { cappedModel } from '../support/models/onnx.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const REQUESTS = 40;
const MANIFEST = `
capture: { requestsPerHour: 1000 }
gate: { changed: block }
rollout: { bakeSeconds: 2 }
`;

/** The answer that a client gets to numbers that no example shows. */
async function ask(slipway: RunningSlipway, row: number): Promise<readonly number[]> {
  const response = await fetch(`${slipway.gateway}/v2/models/capped/infer`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [row, 100_000 + row] }],
    }),
  });
  expect(response.status).toBe(200);
  const { outputs } = (await response.json()) as { outputs: [{ data: number[] }] };
  return outputs[0].data;
}

async function countKept(slipway: RunningSlipway): Promise<number> {
  const text = await (await slipway.api('/models/capped/capture/requests')).text();
  return text.split('\n').filter(Boolean).length;
}

it('a version that answers clients otherwise than the one before, which no request of before has shown, is rolled back by what they got', async () => {
  await using folder = await temporaryFolder();
  const got: (readonly number[])[] = [];
  let isSecond = false;
  let asked: Promise<boolean> | undefined;
  await using slipway = await startSlipway(folder.path, {}, async ({ state, moment }) => {
    if (!isSecond || state !== 'JudgeBake' || moment !== 'begins') return;
    asked ??= (async () => {
      for (let row = 0; row < REQUESTS; row += 1) got.push(await ask(slipway, row));
      return eventually(async () => (await countKept(slipway)) >= REQUESTS);
    })();
    await asked;
  });
  slipway.drop('models/capped/capped.onnx.yaml', MANIFEST);
  slipway.drop('models/capped/capped.onnx', cappedModel(1e9));
  expect((await slipway.ending('capped', 1)).detail).toMatchObject({ state: 'Live' });

  isSecond = true;
  slipway.drop('models/capped/capped.onnx', cappedModel(50_000));
  const { detail } = await slipway.ending('capped', 2);

  await asked;
  expect(new Set(got.map(([, large]) => large))).toEqual(new Set([50_000]));
  expect(detail).toMatchObject({
    state: 'RolledBack',
    reason: expect.stringMatching(
      /^what clients got since the shift is (changed|broken), compared with version 1: /,
    ),
  });
  expect(await ask(slipway, 1)).toEqual([1, 100_001]);
  const explained = await (await slipway.api('/models/capped/explain?version=2')).text();
  expect(explained).toContain('"judge":"answers","verdict":"breach"');
});
