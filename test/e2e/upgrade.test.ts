import { addConstantModel } from '../support/models/onnx.ts';
import { layDataFolder, RELEASED, releases } from '../support/releases/releases.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const { key, request, constants } = RELEASED;
const [first, second] = constants;
const xs = request.inputs[0].data;

async function answer(slipway: RunningSlipway): Promise<readonly number[]> {
  const response = await slipway.infer('shapes', request);
  const { outputs } = (await response.json()) as { outputs: [{ data: number[] }] };
  return outputs[0].data;
}
const plus = (constant: number) => xs.map((x) => x + constant);

describe.each(releases)('the data folder of %s', (release) => {
  it('is served, rolled back and deployed to by this version', async () => {
    await using folder = await temporaryFolder();
    await layDataFolder(release, folder.path);
    await using slipway = await startSlipway(folder.path);

    expect(await answer(slipway)).toEqual(plus(second));
    await slipway.ask('shapes', 'rollback');
    await slipway.settled('shapes');
    expect(await answer(slipway)).toEqual(plus(first));
    const known = (await slipway.endings('shapes')).length;
    slipway.drop(key, addConstantModel({ constant: 30 }));
    const { detail } = await slipway.ending('shapes', known + 1);

    expect(detail).toMatchObject({ state: 'Live', version: 3 });
    expect(await answer(slipway)).toEqual(plus(30));
  });

  it('still tells what it refused', async () => {
    await using folder = await temporaryFolder();
    await layDataFolder(release, folder.path);
    await using slipway = await startSlipway(folder.path);

    expect((await slipway.endings('refused')).map(({ state }) => state)).toEqual(['Rejected']);
  });
});
