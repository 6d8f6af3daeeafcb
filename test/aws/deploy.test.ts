import { describeOnMoto } from '../support/aws/moto.ts';
import { describeAwsFlagship } from '../support/aws-world/flagship.ts';
import { describeAwsLife } from '../support/aws-world/life.ts';
import { localAws } from '../support/aws-world/local.ts';
import { describeAwsMoves } from '../support/aws-world/moves.ts';
import { describeAwsPython } from '../support/aws-world/python.ts';
import { describeAwsScenarios } from '../support/aws-world/suite.ts';
import { describeAwsSweeps } from '../support/aws-world/sweeps.ts';

describeOnMoto('the workflows on Lambda with the AWS adapters, by the local engine', (moto) => {
  let world: Awaited<ReturnType<typeof localAws>>;
  beforeAll(async () => {
    world = await localAws(moto());
  });
  afterAll(() => world.close());

  describeAwsScenarios(() => world);
  describeAwsPython(() => world);
  describeAwsFlagship(() => world, 'lambda');
  describeAwsLife(() => world, 'lambda');
  describeAwsSweeps(() => world, 'lambda');
  describeAwsMoves(() => world);
});
