import { readRelease, releaseOf, releasePrefix } from '#domain/promotion/release.ts';
import { memoryWorld } from '../../support/worlds/memory.ts';

describe('a release', () => {
  it('is read as it was written', async () => {
    const world = memoryWorld({ engine: 'image' });
    const release = await releaseOf(await world.recordOf(await world.deploy()), 'staging');

    expect(readRelease(JSON.stringify(release))).toEqual(release);
    expect(releasePrefix('digits', release.digest)).toMatch(/^promotions\/digits\/[0-9a-f]{64}\/$/);
  });

  it('names its image by the digest, whatever tag it was built for', async () => {
    const world = memoryWorld({ engine: 'image' });
    const deployment = await world.recordOf(await world.deploy());

    const { image, plan, from } = await releaseOf(deployment, 'staging');

    expect(image!.tag).toBe(`digits-${image!.digest.slice(7, 39)}`);
    expect(plan.imageTag).toBe(image!.tag);
    expect(from.imageTag).toBe(deployment.work.image!.tag);
  });

  it('without an image is named by its files: the same for the same bytes alone', async () => {
    const world = memoryWorld();
    const digest = async (bytes: Uint8Array, manifest = '') => {
      const held = await world.deploy(world.upload({ bytes, manifest }));
      return (await releaseOf(await world.recordOf(held), 'here')).digest;
    };
    const { addConstantModel } = await import('../../support/models/onnx.ts');
    const [one, two] = [1, 2].map((constant) => addConstantModel({ constant })) as [
      Uint8Array,
      Uint8Array,
    ];

    const first = await digest(one);
    const second = await digest(two);
    const described = await digest(two, 'server: { startupTimeoutSeconds: 9 }');
    const again = await digest(one);

    expect(again).toBe(first);
    expect(new Set([first, second, described]).size).toBe(3);
  });

  it('is none of a version that was never proven', async () => {
    const world = memoryWorld();
    const deployment = await world.recordOf(await world.before('CheckHealth'));

    await expect(releaseOf(deployment, 'staging')).rejects.toMatchObject({
      name: 'PhaseConflict',
      message: 'digits version 1 was never proven',
      fix: 'See those that were with `slipway versions digits`.',
    });
  });

  it.each(['inspection', 'plan', 'golden'])('is none of a version without its %s', async (part) => {
    const world = memoryWorld();
    const deployment = await world.recordOf(await world.deploy());
    const work = { ...deployment.work, [part]: undefined };

    await expect(releaseOf({ ...deployment, work }, 'staging')).rejects.toMatchObject({
      name: 'PhaseConflict',
    });
    await expect(releaseOf({ ...deployment, version: null }, 'staging')).rejects.toMatchObject({
      name: 'PhaseConflict',
    });
  });

  it.each(['', '{}', 'no JSON'])('is not read from `%s`', (text) => {
    expect(() => readRelease(text)).toThrow(
      expect.objectContaining({
        name: 'InputInvalid',
        message: expect.stringMatching(/^the release is not one of this Slipway: /),
        fix: 'Promote it again, with the same version of Slipway on both sides.',
      }),
    );
  });

  it.each([
    ['inspection', null],
    ['inspection', 'none'],
    ['plan', undefined],
    ['proof', 7],
  ])('is not read where its %s is %j', async (part, value) => {
    const world = memoryWorld({ engine: 'image' });
    const release = await releaseOf(await world.recordOf(await world.deploy()), 'staging');

    expect(() => readRelease(JSON.stringify({ ...release, [part]: value }))).toThrow(
      /^the release is not one/,
    );
  });
});
