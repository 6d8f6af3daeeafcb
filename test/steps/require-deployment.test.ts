import { type Held, type StepName, workflow } from '#domain/workflow.ts';
import { provisionLambda } from '#steps/provision-lambda.ts';
import { memoryWorld } from '../support/worlds/memory.ts';

const CAUGHT = { Error: 'PlatformDenied', Cause: '' };
const FIRST = [
  ...['AdmitDeployment', 'AdmitPromotion', 'AdmitRollback', 'AdmitUndeploy', 'AcquireLease'],
  'ReleaseLease',
];
const later = (Object.keys(workflow) as StepName[]).filter((state) => !FIRST.includes(state));

const input = (held: Held) => ({ ...held, attempt: 0, error: CAUGHT, variables: [] });

describe('a step', () => {
  it.each(later)('of a deployment that is not there fails for good: %s', async (state) => {
    const world = memoryWorld();

    const step = world.steps[state](input({ deploymentId: 'd0', epoch: 1 }));

    await expect(step).rejects.toMatchObject({
      name: 'InputInvalid',
      message: 'the registry has no deployment d0',
    });
  });

  it.each([
    { state: 'ChooseTarget', missing: 'inspection' },
    { state: 'ProvisionLambda', missing: 'inspection' },
    { state: 'ProvisionFargate', missing: 'inspection' },
    { state: 'ProvisionEc2', missing: 'inspection' },
    { state: 'RestartVersion', missing: 'target' },
    { state: 'DescribeCandidate', missing: 'candidate' },
    { state: 'CheckHealth', missing: 'candidate' },
    { state: 'ShiftTraffic', missing: 'candidate' },
    { state: 'VerifyTraffic', missing: 'shift' },
    { state: 'JudgeBake', missing: 'bake' },
    { state: 'CommitDeployment', missing: 'shift' },
    { state: 'RetirePrevious', missing: 'inspection' },
  ] as const)('that comes before its turn fails for good: $state', async ({ state, missing }) => {
    const world = memoryWorld();
    const held = await world.before('InspectArtifact');

    await expect(world.steps[state](input(held))).rejects.toMatchObject({
      name: 'InputInvalid',
      message: `the deployment has no ${missing} yet`,
    });
  });

  it('of a deployment that has no version fails for good', async () => {
    const world = memoryWorld();
    const held = await world.before('ProvisionLambda');
    const deployment = { ...(await world.recordOf(held)), version: null };
    const registry = { ...world.registry, deployment: async () => deployment };

    await expect(provisionLambda({ ...world.deps, registry })(held)).rejects.toMatchObject({
      name: 'InputInvalid',
      message: `deployment ${held.deploymentId} has no version`,
    });
  });
});
