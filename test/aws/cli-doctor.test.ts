import { createServer } from 'node:http';
import { DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DeleteRepositoryCommand,
  DeleteRepositoryPolicyCommand,
  ECRClient,
} from '@aws-sdk/client-ecr';
import { PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import type { Finding } from '#operations/doctor/doctor.ts';
import { type Result, runCli } from '../cli/run-cli.ts';
import { awsClient } from '../support/aws/clients.ts';
import { describeOnMoto } from '../support/aws/moto.ts';
import { accountAnswers, GOOD_QUOTAS, type Stand, startFront } from './cli-front.ts';
import { installInMoto, motoEnvironment } from './cli-world.ts';

function byCheck({ stdout }: Result): Readonly<Record<string, Finding>> {
  const findings: readonly Finding[] = JSON.parse(stdout);
  return Object.fromEntries(findings.map((finding) => [finding.check, finding]));
}

describeOnMoto('slipway doctor in AWS', (moto) => {
  it('finds a stack that is whole, in one line for each thing it looked at', async () => {
    const world = await installInMoto(moto(), 'whole');
    await using front = await startFront(moto(), accountAnswers());

    const { code, stdout } = await world.run(['doctor'], { AWS_ENDPOINT_URL: front.endpoint });

    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.slice(0, 22).trim()),
    ).toEqual([
      'ok    credentials',
      'ok    lambda',
      'ok    builds at once',
      'ok    stack',
      'ok    bucket',
      'ok    table',
      'ok    registry',
      'ok    workflow',
      'ok    rollback',
      'ok    promote',
      'ok    undeploy',
      'ok    event bus',
      'ok    API',
      'ok    repository',
      'ok    environments',
      'ok    image project',
      'ok    environment proj',
      'ok    web adapter',
      'ok    model logs',
    ]);
    expect(code).toBe(0);
  });

  it.each([
    { concurrency: 10, builds: 1, result: 'warn', code: 0 },
    { concurrency: 0, builds: 0, result: 'fail', code: 1 },
  ])(
    'asks for more where an account allows $concurrency requests and $builds builds',
    async ({ concurrency, builds, result, code }) => {
      await using front = await startFront(moto(), accountAnswers({ concurrency, builds }));
      const world = await installInMoto(moto(), `few${builds}`);

      const found = await world.run(['doctor', '--json'], { AWS_ENDPOINT_URL: front.endpoint });

      expect(found.code).toBe(code);
      expect(byCheck(found)).toMatchObject({
        lambda: { result, fix: expect.stringMatching(/"Concurrent executions"/) },
        'builds at once': { result, fix: expect.stringMatching(/Linux\/medium environment/) },
      });
    },
  );

  it('tells what was changed beside the stack, each with its fix', async () => {
    const world = await installInMoto(moto(), 'hurt');
    const { Bucket, Table } = world.outputs;
    await awsClient(DynamoDBClient, moto()).send(new DeleteTableCommand({ TableName: Table }));
    await awsClient(ECRClient, moto()).send(
      new DeleteRepositoryPolicyCommand({ repositoryName: 'slipway-hurt' }),
    );
    await awsClient(ECRClient, moto()).send(
      new DeleteRepositoryCommand({ repositoryName: 'slipway-hurt-environments' }),
    );
    await awsClient(S3Client, moto()).send(
      new PutBucketVersioningCommand({
        Bucket,
        VersioningConfiguration: { Status: 'Suspended' },
      }),
    );

    const result = await world.run(['doctor', '--json']);

    expect(result.code).toBe(1);
    const fix = 'Deploy the stack again.';
    expect(byCheck(result)).toMatchObject({
      bucket: { result: 'fail', says: `${Bucket} is not versioned`, fix },
      table: { result: 'fail', says: expect.stringMatching(/ResourceNotFoundException/), fix },
      repository: { result: 'fail', says: expect.stringMatching(/does not let Lambda pull/), fix },
      environments: { result: 'fail', says: expect.stringMatching(/RepositoryNotFound/), fix },
      workflow: { result: 'ok' },
    });
  });

  it('looks at an account before the first deploy, and finds nothing in the way of it', async () => {
    const args = ['doctor', '--stage', 'none', '--json'];
    await using front = await startFront(moto(), [...GOOD_QUOTAS, ...accountAnswers()]);
    const env = { ...motoEnvironment(moto()), AWS_ENDPOINT_URL: front.endpoint };

    const result = await runCli(args, env).result;

    expect(result.code).toBe(0);
    expect(Object.keys(byCheck(result))).toEqual([
      'credentials',
      'lambda',
      'builds at once',
      'networks',
      'zones',
      'service roles',
      'Fargate',
      'GPUs',
      'services',
      'permissions',
      'names',
      'stack',
    ]);
    expect(byCheck(result)['stack']).toMatchObject({
      result: 'warn',
      says: 'there is no stack slipway-none in us-east-1',
      fix: expect.stringMatching(/slipway deploy --stage none/),
    });
    expect(byCheck(result)['service roles']).toMatchObject({
      result: 'warn',
      fix: expect.stringMatching(/The first deploy creates it/),
    });
  });

  it.each([
    {
      region: 'eu-west-3',
      zones: ['euw3-az1', 'euw3-az2', 'euw3-az3'],
      finding: { result: 'ok', says: 'euw3-az1 and euw3-az3 have VPC links' },
    },
    {
      region: 'us-west-1',
      zones: ['usw1-az2', 'usw1-az3'],
      finding: {
        result: 'fail',
        says: 'this account has no VPC links in usw1-az2, which a deploy takes',
        fix: expect.stringContaining('--param containers=off'),
      },
    },
    {
      region: 'ap-northeast-3',
      zones: ['apne3-az1', 'apne3-az2'],
      finding: {
        result: 'warn',
        says: 'AWS does not list ap-northeast-3 among the regions with VPC links',
      },
    },
  ])(
    'finds before the first deploy whether $region has VPC links where they would be',
    async ({ region, zones, finding }) => {
      const stands = [zonesOf(zones), ...GOOD_QUOTAS, ...accountAnswers()];
      await using front = await startFront(moto(), stands);
      const env = { ...motoEnvironment(moto()), AWS_ENDPOINT_URL: front.endpoint };

      const result = await runCli(['doctor', '--stage=none', '--json', '--region', region], env)
        .result;

      expect(byCheck(result)['zones']).toMatchObject(finding);
    },
  );

  it('says once that there are no credentials', async () => {
    const { AWS_ACCESS_KEY_ID: _, ...env } = motoEnvironment(moto());

    const result = await runCli(['doctor', '--stage', 'dev', '--json'], env).result;

    expect(result.code).toBe(1);
    expect(Object.values(byCheck(result))).toEqual([
      expect.objectContaining({ check: 'credentials', result: 'fail' }),
    ]);
  });

  it('says once that AWS does not answer, and asks nothing twice', async () => {
    const asked: (string | null)[] = [];
    const silent = createServer(async (request) => {
      const body = (await request.toArray()).join('');
      asked.push(new URLSearchParams(body).get('Action'));
    });
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
    const { port } = silent.address() as { port: number };
    const endpoint = `http://127.0.0.1:${port}`;

    const { code, stdout } = await runCli(
      ['doctor', '--stage', 'dev'],
      motoEnvironment({ endpoint }),
    ).result;

    silent.closeAllConnections();
    silent.close();
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^fail {2}network {2}AWS gave no answer within 20 s to \d+ of \d+ checks .*\n +→ Check the network connection, .*\n$/,
    );
    expect(asked.toSorted()).toEqual(['DescribeStacks', 'GetCallerIdentity']);
  });
});

/** EC2's answer for an account's zones, the last letter first; with one more zone that the account has opted in to. */
function zonesOf(ids: readonly string[]): Stand {
  const items = ids.map((id, index) => zone(id, `zone-${'abc'[index]}`, 'availability-zone'));
  const all = [zone('local-az1', 'zone-0', 'local-zone'), ...items].toReversed().join('');
  return {
    calls: /Action=DescribeAvailabilityZones/,
    body: `<DescribeAvailabilityZonesResponse><availabilityZoneInfo>${all}</availabilityZoneInfo></DescribeAvailabilityZonesResponse>`,
  };
}

function zone(id: string, name: string, type: string): string {
  return `<item><zoneId>${id}</zoneId><zoneName>${name}</zoneName><zoneType>${type}</zoneType></item>`;
}
