import { type Bundle, bundles } from '../support/lambda/bundles.ts';
import { lambdaRuntime } from '../support/lambda/runtime.ts';
import { SETTINGS } from './settings.ts';

// Lambda's price of a cold start is made here.
const MOST_BYTES = 720_000;
// The sweep, for which nobody waits, asks every service; the inspection knows every format; a comparison reads examples and kept requests, and so does the judge of what clients got; who retires versions closes routes, stops platforms, and ends keys of kept requests.
const LARGER: Readonly<Record<string, number>> = {
  sweep: 1_005_000,
  inspectArtifact: 1_110_000,
  compareAnswers: 955_000,
  retirePrevious: 790_000,
  judgeBake: 795_000,
};
const NOWHERE = 'http://127.0.0.1:1';

const ROUTER = 'api-gateway cloudwatch dynamodb elastic-load-balancing-v2 lambda';
const KEEPING =
  'api-gateway cloudwatch cloudwatch-logs dynamodb elastic-load-balancing-v2 lambda s3 ssm';
const CONTAINERS =
  'application-auto-scaling cloudwatch-logs dynamodb ecs elastic-load-balancing-v2';
const PLATFORMS = `${CONTAINERS} lambda`;
const ROUTER_AND_PLATFORMS =
  'api-gateway application-auto-scaling cloudwatch cloudwatch-logs dynamodb ecs elastic-load-balancing-v2 lambda';

/** The clients that each function's work needs. */
const CLIENTS: Readonly<Record<string, string>> = {
  acquireLease: 'codebuild dynamodb sfn',
  admitDeployment: 'dynamodb s3 sfn',
  admitPromotion: 'dynamodb ecr s3 sfn',
  admitRollback: 'dynamodb sfn',
  admitUndeploy: 'dynamodb sfn',
  authorize: 'dynamodb',
  awaitApproval: 'dynamodb',
  awaitContainers: 'dynamodb',
  checkHealth: ROUTER,
  chooseTarget: 'cloudwatch dynamodb elastic-load-balancing-v2 lambda service-quotas',
  commitDeployment: PLATFORMS,
  compareAnswers: KEEPING,
  compensate: ROUTER_AND_PLATFORMS,
  describeCandidate: PLATFORMS,
  explainBuild: 'cloudwatch-logs codebuild dynamodb',
  grantBuild: 'dynamodb s3',
  inspectArtifact: 'dynamodb s3',
  judgeBake: 'api-gateway cloudwatch cloudwatch-logs dynamodb elastic-load-balancing-v2 lambda ssm',
  planBuild: 'dynamodb ecr s3',
  provisionEc2: `${CONTAINERS} ssm`,
  provisionFargate: `${CONTAINERS} ssm`,
  provisionLambda: 'cloudwatch-logs dynamodb lambda ssm',
  publishEvents: 'dynamodb eventbridge',
  releaseLease: 'dynamodb',
  removeRoute: ROUTER_AND_PLATFORMS,
  restartVersion: `${PLATFORMS} ssm`,
  retireAll: `${PLATFORMS} ssm`,
  retirePrevious: `${ROUTER_AND_PLATFORMS} ssm`,
  rollBack: ROUTER,
  shiftTraffic: ROUTER,
  sweep: `${ROUTER_AND_PLATFORMS.replace('ecs', 'ecr ecs')} s3 sfn`,
  verifyTraffic: ROUTER,
};

describe('the bundle of', () => {
  it.each(Object.keys(CLIENTS))(
    '%s has the clients that its step uses, and no other',
    async (name) => {
      const bundle = await bundleOf(name);

      expect(bundle.clients.join(' ')).toBe(CLIENTS[name]);
    },
  );

  it.each(Object.keys(CLIENTS))('%s is no larger than its limit', async (name) => {
    const { sizeBytes } = await bundleOf(name);

    expect(sizeBytes).toBeLessThanOrEqual(LARGER[name] ?? MOST_BYTES);
  });

  it.each(Object.keys(CLIENTS))('%s loads', async (name) => {
    const runtime = lambdaRuntime(await bundleOf(name), SETTINGS, NOWHERE);

    const { error } = await runtime.loaded;
    await runtime.close();

    expect(error).toBeUndefined();
  });

  it('every function is among these', async () => {
    expect([...(await bundles()).keys()].sort()).toEqual(Object.keys(CLIENTS).sort());
  });
});

async function bundleOf(name: string): Promise<Bundle> {
  const bundle = (await bundles()).get(name);
  if (!bundle) throw new Error(`there is no function ${name}`);
  return bundle;
}
