import { describeOnMoto } from '../support/aws/moto.ts';
import { describeAwsFlagship } from '../support/aws-world/flagship.ts';
import { describeAwsLife } from '../support/aws-world/life.ts';
import { type MotoAws, motoAws } from '../support/aws-world/moto.ts';
import { describeAwsPython } from '../support/aws-world/python.ts';
import { describeAwsScenarios } from '../support/aws-world/suite.ts';

describeOnMoto('the workflows with our bundles, by moto’s interpreter', () => {
  let world: MotoAws;
  beforeAll(async () => {
    world = await motoAws();
  });
  afterAll(() => world.close());

  describeAwsScenarios(() => world);
  describeAwsPython(() => world);
  // The scenarios have the states of the other broken versions.
  describeAwsFlagship(() => world, 'lambda', ['fails clients in its bake']);
  describeAwsLife(() => world, 'lambda');
  describeAwsLife(() => world, 'fargate');
});
