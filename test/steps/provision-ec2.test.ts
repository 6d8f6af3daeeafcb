import { provisionEc2 } from '#steps/provision-ec2.ts';
import { memoryWorld } from '../support/worlds/memory.ts';

it('creates the revision on ec2 and nowhere else', async () => {
  const world = memoryWorld();
  const manifest = 'placement: { target: ec2 }';
  const held = await world.before('ProvisionEc2', world.upload({ manifest }));

  await provisionEc2(world.deps)(held);

  expect(world.platforms.ec2.existing()).toEqual(['digits-v1']);
  expect(world.existing()).toEqual(['digits-v1']);
});
