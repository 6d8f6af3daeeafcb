import { describeOnMoto } from '../support/aws/moto.ts';
import { type MotoAws, motoAws } from '../support/aws-world/moto.ts';
import { tellStories } from '../support/aws-world/stories.ts';

describeOnMoto('the workflows with our bundles, by moto’s interpreter', () => {
  let world: MotoAws;
  beforeAll(async () => {
    world = await motoAws();
  });
  afterAll(() => world.close());

  tellStories('interpreter', () => world);
});
