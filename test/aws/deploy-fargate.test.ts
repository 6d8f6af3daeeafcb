import { describeOnMoto } from '../support/aws/moto.ts';
import { describeAwsFlagship } from '../support/aws-world/flagship.ts';
import { localAws } from '../support/aws-world/local.ts';
import { describeAwsLongest } from '../support/aws-world/longest.ts';
import { describeAwsRefusals } from '../support/aws-world/refusals.ts';
import { tellStories } from '../support/aws-world/stories.ts';
import { describeAwsSweeps } from '../support/aws-world/sweeps.ts';

describeOnMoto('the workflows on Fargate with the AWS adapters, by the local engine', (moto) => {
  let world: Awaited<ReturnType<typeof localAws>>;
  beforeAll(async () => {
    world = await localAws(moto());
  });
  afterAll(() => world.close());

  describeAwsFlagship(() => world, 'fargate');
  tellStories('local', () => world, ['a life on Fargate']);
  describeAwsSweeps(() => world, 'fargate');
  describeAwsRefusals(() => world, 'fargate');
  describeAwsLongest(() => world);
});
