import { describeOnMoto } from '../support/aws/moto.ts';
import { describeAwsFlagship } from '../support/aws-world/flagship.ts';
import { describeAwsLife } from '../support/aws-world/life.ts';
import { type MotoAws, motoAws } from '../support/aws-world/moto.ts';
import { describeAwsPython } from '../support/aws-world/python.ts';
import { describeAwsScenarios } from '../support/aws-world/suite.ts';
import { share } from '../support/fuzz/runs.ts';
import { SEED } from '../support/fuzz/seeded.ts';

/** What the interpreter runs: half of it in a run, which the seed chooses. The local engine runs all of it, with the same steps and the same account: deploy.test.ts and deploy-fargate.test.ts. */
const STORIES: readonly ((open: () => MotoAws) => void)[] = [
  describeAwsScenarios,
  describeAwsPython,
  // The scenarios have the states of the other broken versions.
  (open) => describeAwsFlagship(open, 'lambda', ['fails clients in its bake']),
  (open) => describeAwsLife(open, 'lambda'),
  (open) => describeAwsLife(open, 'fargate'),
];

describeOnMoto('the workflows with our bundles, by moto’s interpreter', () => {
  let world: MotoAws;
  beforeAll(async () => {
    world = await motoAws();
  });
  afterAll(() => world.close());

  const told = share(STORIES, 2);
  process.stdout.write(`${told.length} of ${STORIES.length} stories; SLIPWAY_SEED=${SEED}\n`);
  for (const tell of told) tell(() => world);
});
