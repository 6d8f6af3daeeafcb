import { describeOnMoto } from '../support/aws/moto.ts';
import { describeAwsLife } from '../support/aws-world/life.ts';
import { localAws } from '../support/aws-world/local.ts';
import { describeAwsRefusals } from '../support/aws-world/refusals.ts';

// Only the creation of a service differs from Fargate's: test/workflows/mechanisms.test.ts. Broken versions and sweeps are tried there.
describeOnMoto('the workflows on EC2 with the AWS adapters, by the local engine', (moto) => {
  let world: Awaited<ReturnType<typeof localAws>>;
  beforeAll(async () => {
    world = await localAws(moto());
  });
  afterAll(() => world.close());

  describeAwsLife(() => world, 'ec2');
  describeAwsRefusals(() => world, 'ec2');
});
