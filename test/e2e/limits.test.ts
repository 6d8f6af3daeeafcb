import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/clock/eventually.ts';
import { addConstantModel, hungryModel, zeros } from '../support/models/onnx.ts';
import { needing, notLinux } from '../support/needs.ts';
import { behaving } from '../support/servers/behaviour.ts';
import { hold } from '../support/slipway/hold.ts';
import { processesOf, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const REQUEST = { inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let slipway: Awaited<ReturnType<typeof startSlipway>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  // A model server starts in it on a machine that is very busy.
  slipway = await startSlipway(folder.path, {
    hasAnyServer: true,
    config: { requestTimeoutMs: 15_000 },
  });
  slipway.drop('models/good/a.onnx', addConstantModel({ constant: 10 }));
  await slipway.ending('good', 1);
});

afterAll(async () => {
  await slipway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const send = (name: string, body: string) =>
  fetch(`${slipway.gateway}/models/${name}/invocations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });

describe('a request', () => {
  it('to a model that is not there is told which are', async () => {
    const response = await fetch(`${slipway.gateway}/models/nobody/ping`);

    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      error: 'no model is served here',
      fix: 'call /models/<name>/…, with one of the models as the name; `slipway status` says what became of one that was just dropped',
      models: expect.arrayContaining(['good']),
    });
  });

  it('larger than the gateway takes is refused with the limit, and one that only Lambda would refuse is not', async () => {
    const refused = await send('good', 'x'.repeat(10_485_761));
    const passed = await send('good', 'x'.repeat(4_718_593));

    expect(refused.status).toBe(413);
    expect(await refused.json()).toMatchObject({
      error: expect.stringMatching(/^the body is over 10 MB, the most that Slipway's gateway/),
      fix: expect.stringMatching(/send less at once/),
    });
    expect(passed.status).toBe(400);
    expect(await passed.json()).toMatchObject({ error: expect.stringMatching(/JSON/) });
    expect(passed.headers.get('x-slipway-warning')).toMatch(/Lambda in AWS takes about 4\.5 MB/);
  });

  it('that takes too long is ended with the limit, and the next one is answered', async () => {
    const bytes = behaving('waits-while-held', addConstantModel({ constant: 10 }));
    slipway.drop('models/slow/a.onnx', bytes);
    await slipway.ending('slow', 1);
    const { release } = hold(folder.path, 'slow-v1');

    const response = await slipway.infer('slow', REQUEST);
    release();

    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({ error: 'slow-v1 did not answer within 15 s' });
    expect((await slipway.infer('slow', REQUEST)).status).toBe(200);
    expect((await slipway.told('slow', ({ state }) => state === 'Unhealthy')).detail).toMatchObject(
      {
        reason: 'the model server of slow-v1 did not answer in 15000 ms',
        data: { cause: 'hang', times: 1 },
      },
    );
  });

  needing(notLinux, () => {
    it('that needs more memory than its model may have is told so, and the next one is answered', async () => {
      slipway.drop('models/hungry/a.onnx.yaml', 'resources: { memory: 400Mi }\n');
      slipway.drop('models/hungry/a.onnx', hungryModel());
      await slipway.ending('hungry', 1);

      const response = await slipway.infer('hungry', zeros(400_000_000));

      expect(response.status).toBe(502);
      expect(await response.json()).toEqual({
        error: expect.stringMatching(
          /^the process of hungry-v1 ended before it answered: .* used \d+ MiB; the limit is 400 MiB$/,
        ),
      });
      expect(await (await slipway.infer('hungry', zeros(7))).json()).toMatchObject({
        outputs: [{ data: [0] }],
      });
      const told = await slipway.told('hungry', ({ state }) => state === 'OutOfMemory');
      expect(told.detail).toMatchObject({ version: 1, data: { cause: 'memory', times: 1 } });
    });
  });

  it('is answered by a new model server when the last one was killed', async () => {
    const [pid] = processesOf(join(folder.path, 'revisions/good-v1'));
    process.kill(pid!, 'SIGKILL');
    await eventually(() => !existsSync(`/proc/${pid}`));

    const response = await slipway.infer('good', REQUEST);

    expect(await response.json()).toMatchObject({ outputs: [{ data: [11, 12] }] });
    expect(processesOf(join(folder.path, 'revisions/good-v1'))).not.toContain(pid);
  });
});
