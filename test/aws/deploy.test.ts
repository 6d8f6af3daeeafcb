import { localAws } from '../support/aws-world-local.ts';
import { describeAwsFlagship, describeAwsScenarios } from '../support/aws-world-suite.ts';
import { describeOnMoto } from '../support/moto.ts';

describeOnMoto('the deploy workflow with the AWS adapters, by the local engine', (moto) => {
  let world: Awaited<ReturnType<typeof localAws>>;
  beforeAll(async () => {
    world = await localAws(moto());
  });
  afterAll(() => world.close());

  describeAwsScenarios(() => world);
  describeAwsFlagship(() => world);
});
