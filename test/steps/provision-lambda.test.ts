import { provisionLambda } from '#steps/provision-lambda.ts';
import { memoryWorld } from '../support/worlds/memory.ts';

it('creates the revision on lambda and nowhere else', async () => {
  const world = memoryWorld();
  const manifest = 'placement: { target: lambda }';
  const held = await world.before('ProvisionLambda', world.upload({ manifest }));

  await provisionLambda(world.deps)(held);

  expect(world.platforms.lambda.existing()).toEqual(['digits-v1']);
  expect(world.existing()).toEqual(['digits-v1']);
});
