import { explainBuild } from '#steps/explain-build.ts';
import { memoryWorld } from '../support/worlds/memory.ts';

describe('explaining a failed build', () => {
  it('records the likely cause with the last lines of the log that the failure names', async () => {
    const world = memoryWorld({ engine: 'image' });
    world.builds.fail(['#9 COPY model', 'write /layer.tar: no space left on device']);
    const held = await world.before('PlanBuild');
    const { imageTag } = await world.steps.PlanBuild(held).then((answer) => answer as Needed);
    const override = [{ Name: 'IMAGE_TAG', Value: imageTag }];
    const error = await world.steps.BuildImage({ EnvironmentVariablesOverride: override }).then(
      () => undefined,
      (thrown: Error) => ({ Error: thrown.name, Cause: thrown.message }),
    );

    await explainBuild(world.deps)({ ...held, error: error! });

    const { trouble, work } = await world.recordOf(held);
    expect(work.buildLog).toEqual({ group: expect.any(String), stream: expect.any(String) });
    expect(trouble).toEqual({
      name: 'BuildFailed',
      reason: [
        'the image was not built: the build ran out of disk',
        '#9 COPY model',
        'write /layer.tar: no space left on device',
      ].join('\n'),
      fix: expect.stringMatching(/larger compute type/),
    });
  });

  it('says what it knows when no build ran', async () => {
    const world = memoryWorld({ engine: 'image' });
    const held = await world.before('PlanBuild');

    await explainBuild(world.deps)({ ...held, error: { Error: 'States.Timeout', Cause: '' } });

    expect((await world.recordOf(held)).trouble).toMatchObject({
      name: 'BuildFailed',
      reason: 'the image was not built: it ended with States.Timeout',
    });
  });
});

type Needed = { readonly imageTag: string };
