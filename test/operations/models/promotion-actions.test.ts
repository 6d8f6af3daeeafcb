import { promotionActions } from '#operations/models/promotion-actions.ts';
import { memoryExecutions } from '../../support/memory/executions.ts';
import { memoryRegistry } from '../../support/memory/registry.ts';
import { goneLive, registryWorld } from '../../support/worlds/registry.ts';

/** The actions over a registry in which versions 1 to 3 have gone live, and the first is gone with its image. */
async function actionsOf() {
  const world = registryWorld(memoryRegistry);
  const { registry, clock } = world;
  for (const version of [1, 2, 3]) {
    const holder = await goneLive(world, version);
    if (version === 2) await registry.markVersion(holder, 1, 'Retired');
    if (version === 3) await registry.markVersion(holder, 1, 'Removed');
    await registry.releaseLease(holder);
  }
  return promotionActions({
    registry,
    executions: memoryExecutions(),
    clock,
    sleep: async (ms) => clock.advance(ms),
    bucket: 'bucket',
  });
}

describe('a version that is to be promoted', () => {
  it('is refused where its image is gone', async () => {
    const { release } = await actionsOf();

    await expect(release('shapes', 1, 'staging')).rejects.toMatchObject({
      name: 'InputInvalid',
      message: 'shapes version 1 was removed, with its image',
      fix: 'Promote one that can still start: `slipway versions shapes`.',
    });
  });

  it('is refused where it never went live', async () => {
    const { release } = await actionsOf();

    await expect(release('shapes', 9, 'staging')).rejects.toMatchObject({
      name: 'InputInvalid',
      message: 'shapes version 9 never went live',
    });
  });
});
