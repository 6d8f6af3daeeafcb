import { type MotoAws, motoAws } from '../support/aws-world-moto.ts';
import { describeAwsFlagship, describeAwsScenarios } from '../support/aws-world-suite.ts';
import { describeOnMoto } from '../support/moto.ts';

describeOnMoto('the deploy workflow with our bundles, by moto’s interpreter', () => {
  let world: MotoAws;
  beforeAll(async () => {
    world = await motoAws();
  });
  afterAll(() => world.close());

  describeAwsScenarios(() => world);
  describeAwsFlagship(() => world);
});
