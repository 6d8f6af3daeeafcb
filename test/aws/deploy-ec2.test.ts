import { describeOnMoto } from '../support/aws/moto.ts';
import { describeAwsFlagship } from '../support/aws-world/flagship.ts';
import { describeAwsLife } from '../support/aws-world/life.ts';
import { localAws } from '../support/aws-world/local.ts';
import { describeAwsRefusals } from '../support/aws-world/refusals.ts';
import { describeAwsSweeps } from '../support/aws-world/sweeps.ts';

describeOnMoto('the workflows on EC2 with the AWS adapters, by the local engine', (moto) => {
  let world: Awaited<ReturnType<typeof localAws>>;
  beforeAll(async () => {
    world = await localAws(moto());
  });
  afterAll(() => world.close());

  describeAwsFlagship(() => world, 'ec2');
  describeAwsLife(() => world, 'ec2');
  describeAwsSweeps(() => world, 'ec2');
  describeAwsRefusals(() => world, 'ec2');
});
