import { describeOnMoto } from '../support/aws/moto.ts';
import { describeAwsFlagship } from '../support/aws-world/flagship.ts';
import { localAws } from '../support/aws-world/local.ts';
import { describeAwsMoves } from '../support/aws-world/moves.ts';
import { tellStories } from '../support/aws-world/stories.ts';
import { describeAwsSweeps } from '../support/aws-world/sweeps.ts';

describeOnMoto('the workflows on Lambda with the AWS adapters, by the local engine', (moto) => {
  let world: Awaited<ReturnType<typeof localAws>>;
  beforeAll(async () => {
    world = await localAws(moto());
  });
  afterAll(() => world.close());

  tellStories('local', () => world, [
    'scenarios',
    'a model of Python',
    'a breach on Lambda',
    'a life on Lambda',
  ]);
  describeAwsFlagship(() => world, 'lambda', ['does not load', 'answers wrong']);
  describeAwsSweeps(() => world, 'lambda');
  describeAwsMoves(() => world);
});
