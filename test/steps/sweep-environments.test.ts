import type { UnusedEnvironments } from '#ports/environment-images.ts';
import { sweep } from '#steps/sweep.ts';
import { NOTHING, sweptWorld } from '../support/worlds/swept.ts';

/** Environments that all go when nothing keeps them from it. */
function sweptEnvironments(clear?: UnusedEnvironments['clear']) {
  const { world, deps } = sweptWorld();
  const unusedEnvironments: UnusedEnvironments = {
    clear: clear ?? (async (isBusy) => ((await isBusy()) ? [] : ['onnx-a1', 'python-b2'])),
  };
  return { world, run: sweep({ ...deps, unusedEnvironments }) };
}

describe('an environment that no image is of', () => {
  it('is taken away, and the sweep says so', async () => {
    const { world, run } = sweptEnvironments();
    await world.deploy();

    expect(await run()).toEqual({ ...NOTHING, removed: ['onnx-a1', 'python-b2'] });
  });

  it('stays while a deployment of whatever model is under way', async () => {
    const { world, run } = sweptEnvironments();
    await world.before('PlanBuild', world.upload({ model: 'other' }));

    expect(await run()).toEqual(NOTHING);
  });

  it('is asked about again when the engine does not answer', async () => {
    const { run } = sweptEnvironments(() => Promise.reject(new Error('no engine')));

    await expect(run()).rejects.toThrow('no engine');
  });
});
