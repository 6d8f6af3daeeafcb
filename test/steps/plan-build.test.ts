import { planBuild } from '#steps/plan-build.ts';
import { memoryWorld } from '../support/memory-world.ts';

describe('planning the build', () => {
  it('names the runtime and the environment that serve the artifact', async () => {
    const world = memoryWorld();
    const held = await world.before('PlanBuild');

    await planBuild(world.deps)(held);

    const { work } = await world.recordOf(held);
    expect(work.plan).toEqual({
      runtime: 'onnx',
      environmentHash: 'environment-1',
      accelerator: 'none',
      feasible: ['lambda'],
    });
  });

  it('keeps the plan when Slipway was updated meanwhile', async () => {
    const world = memoryWorld();
    const held = await world.before('PlanBuild');
    await planBuild(world.deps)(held);

    await planBuild({ ...world.deps, environmentHash: 'environment-2' })(held);

    const { work } = await world.recordOf(held);
    expect(work.plan?.environmentHash).toBe('environment-1');
  });
});
