import { TARGETS } from '#domain/target.ts';
import { call, clients, kinds } from '../support/clients.ts';
import { crowd } from '../support/crowd.ts';
import { eventually } from '../support/eventually.ts';
import { inventory } from '../support/inventory.ts';
import { addConstantModel } from '../support/onnx-models.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/running-slipway.ts';

const [ONE, TWO, THREE] = [10, 20, 30].map((constant) => addConstantModel({ constant }));
// What a rollback may take as its user sees it: the start of the command, the model's start, the proof, the shift.
const ROLLBACK_MS = 5_000;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let slipway: RunningSlipway;

beforeAll(async () => {
  folder = await temporaryFolder();
  slipway = await startSlipway(folder.path, { config: { bakeSeconds: 0 } });
});

afterAll(async () => {
  await slipway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** Uploads versions one after another, each once the one before is live and all that follows is done. */
async function deploy(
  model: string,
  target: string,
  ...versions: readonly (Uint8Array | undefined)[]
) {
  const key = `models/${model}/model.onnx`;
  slipway.drop(`${key}.yaml`, `placement: { target: ${target} }\n`);
  for (const bytes of versions) {
    const known = (await slipway.endings(model)).length;
    slipway.drop(key, bytes!);
    expect((await slipway.ending(model, known + 1)).detail.state).toBe('Live');
    await settled(model);
  }
}

/** Nothing is under way any more. */
const settled = (model: string) =>
  eventually(async () => {
    const { newest } = (await slipway.get(`/models/${model}`)) as { newest: { id: string } };
    const { endedAtMs } = (await slipway.get(`/deployments/${newest.id}`)) as {
      endedAtMs: unknown;
    };
    return endedAtMs !== null;
  });

describe.each(TARGETS)('slipway rollback on %s', (target) => {
  const model = `back-${target}`;

  it('has the version before live again in 5 s, and loses no request', async () => {
    await deploy(model, target, ONE, TWO);
    const load = clients(slipway, model, { count: 2 });
    await load.more(5);

    const startedMs = performance.now();
    const { code, out, err } = await slipway.command('rollback', model);
    const tookMs = performance.now() - startedMs;
    await load.more(20);
    await load.stop();

    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`${model} v1 is live on ${target}`);
    expect(kinds(load.answers)).toEqual([`200 ${model}-v1 11,12`, `200 ${model}-v2 21,22`]);
    expect(load.answers.at(-1)?.revision).toBe(`${model}-v1`);
    process.stdout.write(
      `slipway rollback on ${target}: ${Math.round(tookMs)} ms, with ${crowd().toFixed(1)} processes a core\n`,
    );
    expect(tookMs).toBeLessThan(ROLLBACK_MS * crowd());
  });

  it('asked for once more undoes itself', async () => {
    await settled(model);

    const { out } = await slipway.command('rollback', model);

    expect(out).toContain(`${model} v2 is live on ${target}`);
    expect(await call(slipway, model)).toMatchObject({ status: 200, revision: `${model}-v2` });
  });

  it('is followed by the next upload as if nothing had been', async () => {
    await settled(model);
    await deploy(model, target, THREE);

    const { out } = await slipway.command('rollback', model, '--to', '1');
    await settled(model);
    await deploy(model, target, TWO);

    expect(out).toContain(`${model} v1 is live on ${target}`);
    expect(await call(slipway, model)).toEqual({
      status: 200,
      revision: `${model}-v4`,
      data: [21, 22],
    });
    expect(await slipway.get(`/models/${model}`)).toMatchObject({
      live: { version: 4 },
      versions: [{ version: 4 }, { version: 3 }, { version: 2 }, { version: 1 }],
    });
  });
});

describe('slipway rollback', () => {
  it('says so when there is nothing to go back to, and changes nothing', async () => {
    await deploy('single', 'lambda', ONE);

    const nothing = await slipway.command('rollback', 'single');
    const live = await slipway.command('rollback', 'single', '--to', '1');
    const unknown = await slipway.command('rollback', 'single', '--to', '7');

    expect([nothing.code, live.code, unknown.code]).toEqual([0, 0, 2]);
    expect(nothing.out).toContain('single has no version to go back to');
    expect(live.out).toContain('single version 1 is live already');
    expect(unknown.err).toContain('single has no version 7 that could start again');
    expect(await slipway.endings('single')).toHaveLength(1);
  });
});

describe.each(TARGETS)('slipway undeploy on %s', (target) => {
  it('takes away all that came with the model, and the next upload makes it anew', async () => {
    const model = `gone-${target}`;
    const before = inventory(slipway);
    await deploy(model, target, ONE, TWO);
    expect(inventory(slipway)).not.toEqual(before);

    const { code, out, err } = await slipway.command('undeploy', model, '--yes');
    await settled(model);

    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`nothing of ${model} is live`);
    expect(inventory(slipway)).toEqual(before);
    expect((await call(slipway, model)).status).toBe(404);
    await deploy(model, target, TWO);
    expect(await call(slipway, model)).toEqual({
      status: 200,
      revision: `${model}-v3`,
      data: [21, 22],
    });
  });
});
