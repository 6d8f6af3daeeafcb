import { type Bundle, bundles } from '../support/bundles.ts';
import { lambdaRuntime } from '../support/lambda-runtime.ts';
import { SETTINGS } from './settings.ts';

// Lambda's price of a cold start is made here.
const MOST_BYTES = 700_000;
const AIM_INIT_MS = 250;
const RUNS = 3;

/** The clients that each function's work needs. */
const CLIENTS: Readonly<Record<string, string>> = {
  acquireLease: 'dynamodb sfn',
  admitDeployment: 'dynamodb s3 sfn',
  authorize: 'dynamodb',
  checkHealth: 'api-gateway dynamodb lambda',
  chooseTarget: 'dynamodb',
  commitDeployment: 'cloudwatch-logs dynamodb lambda',
  compensate: 'api-gateway cloudwatch-logs dynamodb lambda',
  describeCandidate: 'cloudwatch-logs dynamodb lambda',
  explainBuild: 'cloudwatch-logs dynamodb',
  inspectArtifact: 'dynamodb s3',
  judgeBake: 'api-gateway cloudwatch dynamodb lambda',
  planBuild: 'dynamodb s3',
  provisionLambda: 'cloudwatch-logs dynamodb lambda',
  publishEvents: 'dynamodb eventbridge',
  releaseLease: 'dynamodb',
  retirePrevious: 'api-gateway cloudwatch-logs dynamodb lambda',
  rollBack: 'api-gateway dynamodb lambda',
  shiftTraffic: 'api-gateway dynamodb lambda',
  sweep: 'dynamodb s3 sfn',
  verifyTraffic: 'api-gateway dynamodb lambda',
};

describe('the bundle of', () => {
  it.each(Object.keys(CLIENTS))(
    '%s has the clients that its step uses, and no other',
    async (name) => {
      const bundle = await bundleOf(name);

      expect(bundle.clients.join(' ')).toBe(CLIENTS[name]);
    },
  );

  it.each(Object.keys(CLIENTS))('%s has at most 700 kB', async (name) => {
    const { sizeBytes } = await bundleOf(name);

    expect(sizeBytes).toBeLessThanOrEqual(MOST_BYTES);
  });

  it('every function loads', async () => {
    const rows = ['bundle               bytes  init ms  clients'];
    for (const bundle of (await bundles()).values()) {
      const initMs = await medianInitMs(bundle);
      const mark = initMs > AIM_INIT_MS ? `over ${AIM_INIT_MS} ms` : '';
      rows.push(
        `${bundle.name.padEnd(18)} ${String(bundle.sizeBytes).padStart(7)} ${String(Math.round(initMs)).padStart(8)}  ${bundle.clients.join(' ')} ${mark}`,
      );
    }

    process.stdout.write(`${rows.join('\n')}\n`);
    expect(rows).toHaveLength((await bundles()).size + 1);
  });
});

async function bundleOf(name: string): Promise<Bundle> {
  const bundle = (await bundles()).get(name);
  if (!bundle) throw new Error(`serverless.yml has no function ${name}`);
  return bundle;
}

/** Throws when the bundle does not load. */
async function medianInitMs(bundle: Bundle): Promise<number> {
  const runs: number[] = [];
  while (runs.length < RUNS) {
    const runtime = lambdaRuntime(bundle, SETTINGS, 'http://127.0.0.1:1');
    const { initMs, error } = await runtime.loaded;
    await runtime.close();
    if (error) throw new Error(`${bundle.name} does not load: ${JSON.stringify(error)}`);
    runs.push(initMs);
  }
  return runs.sort((a, b) => a - b)[Math.floor(RUNS / 2)]!;
}
