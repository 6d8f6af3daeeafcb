import { provisionFargate } from '#steps/provision-fargate.ts';
import { memoryWorld } from '../support/worlds/memory.ts';

it('creates the revision on fargate and nowhere else', async () => {
  const world = memoryWorld();
  const manifest = 'placement: { target: fargate }';
  const held = await world.before('ProvisionFargate', world.upload({ manifest }));

  await provisionFargate(world.deps)(held);

  expect(world.platforms.fargate.existing()).toEqual(['digits-v1']);
  expect(world.existing()).toEqual(['digits-v1']);
});
