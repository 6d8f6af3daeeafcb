import { TARGETS } from '#domain/placement/target.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { behaving } from '../support/servers/behaviour.ts';
import { call } from '../support/slipway/clients.ts';
import { runHere } from '../support/slipway/command-line.ts';
import { inventory } from '../support/slipway/inventory.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

// The test checks only which of them is served.
const [ONE, TWO, THREE] = [10, 20, 30].map((constant) =>
  behaving('echoes', addConstantModel({ constant })),
) as [Uint8Array, Uint8Array, Uint8Array];

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let slipway: RunningSlipway;

beforeAll(async () => {
  folder = await temporaryFolder();
  slipway = await startSlipway(folder.path, { hasAnyServer: true, config: { bakeSeconds: 0 } });
});

afterAll(async () => {
  await slipway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const command = (...args: readonly string[]) => runHere(...args, '--data', folder.path);

/** Uploads versions one after another, each once the one before is live and all that follows is done. */
async function deploy(model: string, target: string, ...versions: readonly Uint8Array[]) {
  const key = `models/${model}/model.onnx`;
  slipway.drop(`${key}.yaml`, `placement: { target: ${target} }\n`);
  for (const bytes of versions) {
    const known = (await slipway.endings(model)).length;
    slipway.drop(key, bytes);
    expect((await slipway.ending(model, known + 1)).detail.state).toBe('Live');
    await slipway.settled(model);
  }
}

// Under load: test/stories.
describe.each(TARGETS)('slipway rollback on %s', (target) => {
  const model = `back-${target}`;

  it('has the version before live again', async () => {
    await deploy(model, target, ONE, TWO);

    const { code, stdout, stderr } = await command('rollback', model);

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      new RegExp(
        `^${model} goes back to version 1\\n[\\s\\S]*Live +${model} v1[\\s\\S]*\\n${model} v1 is live on ${target} +http`,
      ),
    );
    expect(await call(slipway, model)).toMatchObject({ status: 200, revision: `${model}-v1` });
  });

  it('asked for once more undoes itself', async () => {
    await slipway.settled(model);

    const { stdout } = await command('rollback', model, '--json');

    expect(JSON.parse(stdout)).toMatchObject({
      end: { detail: { state: 'Live', version: 2 } },
      live: { version: 2, target },
    });
    expect(await call(slipway, model)).toMatchObject({ status: 200, revision: `${model}-v2` });
  });

  it('is followed by the next upload as if nothing had been', async () => {
    await slipway.settled(model);
    await deploy(model, target, THREE);

    const { stdout } = await command('rollback', model, '--to', '1');
    await slipway.settled(model);
    await deploy(model, target, TWO);

    expect(stdout).toContain(`${model} v1 is live on ${target}`);
    expect(await call(slipway, model)).toMatchObject({ status: 200, revision: `${model}-v4` });
    expect(await slipway.get(`/models/${model}`)).toMatchObject({
      live: { version: 4 },
      versions: [{ version: 4 }, { version: 3 }, { version: 2 }, { version: 1 }],
    });
  });
});

describe('slipway rollback', () => {
  it('says so when there is nothing to go back to, and changes nothing', async () => {
    await deploy('single', 'lambda', ONE);

    const nothing = await command('rollback', 'single');
    const live = await command('rollback', 'single', '--to', '1');
    const unknown = await command('rollback', 'single', '--to', '7');

    expect([nothing.code, live.code, unknown.code]).toEqual([1, 1, 2]);
    expect(nothing.stdout).toMatch(/^single has no version to go back to\nsingle v1 is live/);
    expect(live.stdout).toContain('single version 1 is live already');
    expect(unknown.stderr).toContain('single has no version 7 that could start again');
    expect(await slipway.endings('single')).toHaveLength(1);
  });
});

describe.each(TARGETS)('slipway undeploy on %s', (target) => {
  it('takes away all that came with the model, and the next upload makes it anew', async () => {
    const model = `gone-${target}`;
    const before = inventory(slipway);
    await deploy(model, target, ONE, TWO);
    expect(inventory(slipway)).not.toEqual(before);

    const { code, stdout, stderr } = await command('undeploy', model, '--yes');
    await slipway.settled(model);

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      new RegExp(`Undeployed +${model}\\n[\\s\\S]*nothing of ${model} is live`),
    );
    expect(inventory(slipway)).toEqual(before);
    expect((await call(slipway, model)).status).toBe(404);
    await deploy(model, target, TWO);
    expect(await call(slipway, model)).toMatchObject({ status: 200, revision: `${model}-v3` });
  });
});
