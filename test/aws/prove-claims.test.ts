import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { lookAt, type Scene } from '#operations/evidence/claim.ts';
import { CLAIMS } from '#operations/evidence/claims.ts';
import type { Finding } from '#operations/evidence/signed.ts';
import { awsClient } from '../support/aws/clients.ts';
import { describeOnMoto, type Moto } from '../support/aws/moto.ts';
import { dynamodbRules } from '../support/aws/rules/dynamodb.ts';
import { lambdaStates } from '../support/aws/rules/lambda.ts';
import { lambdaAliases } from '../support/aws/rules/lambda-alias.ts';
import { type AnyClient, type AwsRule, awsRules } from '../support/aws/rules/rules.ts';
import { s3Rules } from '../support/aws/rules/s3.ts';
import { liveShapes } from './cli-model.ts';
import { installInMoto } from './cli-world.ts';

const OURS = { error: 'the request has no valid key' };
const AS_AWS = () => [
  ...lambdaAliases(),
  ...lambdaStates({ looks: 0 }).rules,
  ...dynamodbRules(),
  ...s3Rules,
];

/** Claims for which there is no rule here. */
const LACKING_IN_MOTO = [
  'Versions, delete markers, ranged reads',
  '`GetDeployment?embed=apisummary` names each path',
];

/** The row that a planted answer contradicts. */
const ROWS_OF: Readonly<Record<string, string>> = {
  'planted: StartExecution': 'A name is taken again only while it runs',
  'planted: DeleteDeployment':
    'A deployment that no stage names is deleted, and one that a stage names is refused',
  'planted: UpdateAlias': 'A stale RevisionId is refused by UpdateAlias',
  'planted: Invoke': 'An alias sends each request to one of its two versions',
  'planted: DescribeLogStreams': 'In a log group of several functions streams are named',
};

/** Stands for an account that answers a command otherwise than AWS does. */
function planted(service: string, command: string, output: object): AwsRule {
  const name = `planted: ${command}`;
  return { name, service, commands: [command], source: 'none', before: () => ({ output }) };
}

/** The model `shapes` of a stage in moto, uploaded twice, behind these rules; its executions have EventBridge's input. */
async function scene(moto: Moto, rules: readonly AwsRule[], sequencers = ['0A', '0B']) {
  const world = await installInMoto(moto, 'dev');
  await liveShapes(moto, world);
  const s3 = awsClient(S3Client, moto);
  const key = 'models/shapes/model.onnx';
  const uploads = [];
  for (const [at, sequencer] of sequencers.entries()) {
    const Bucket = world.outputs['Bucket']!;
    const put = new PutObjectCommand({
      ...{ Bucket, Key: key, Body: `${at}`, ChecksumAlgorithm: 'CRC64NVME' },
    });
    const { VersionId: versionId = '' } = await s3.send(put);
    uploads.push({ key, versionId });
    const object = { key, 'version-id': versionId, sequencer };
    const start = new StartExecutionCommand({
      stateMachineArn: world.outputs['StateMachine'],
      name: `started-${at}`,
      input: JSON.stringify({ detail: { bucket: { name: Bucket }, object } }),
    });
    await awsClient(SFNClient, moto).send(start);
  }
  const guard = awsRules(rules);
  const answer = (sentMs: number, version: string) => ({
    ...{ sentMs, status: 200, revision: `shapes-${version}` },
  });
  return {
    outputs: world.outputs as unknown as Scene['outputs'],
    stage: 'dev',
    model: 'shapes',
    answered: new Set(['lambda']),
    uploads,
    answers: [answer(1, 'v1'), answer(3, 'v2'), answer(5, 'v1'), answer(7, 'v1')],
    at: { upgraded: 2, asked: 4, rolledBack: 6 },
    client: (Client) => awsClient(Client as never, moto, guard) as never,
    ask: async (url) =>
      url.includes('/_probe/')
        ? new Response('{}', { status: 403 })
        : Response.json(OURS, { status: 401 }),
  } satisfies Scene as Scene & { readonly client: (of: never) => AnyClient };
}

async function verdicts(over: Scene): Promise<Readonly<Record<string, Finding['verdict']>>> {
  const found: [string, Finding['verdict']][] = [];
  for (const claim of CLAIMS) found.push([claim.row, (await lookAt(claim, over)).verdict]);
  return Object.fromEntries(found);
}

describeOnMoto('the looks of `slipway prove`', (moto) => {
  beforeEach(() => moto().reset());

  it('find what behaves as AWS is written to, and do not take what nobody could see for that', async () => {
    const all = await verdicts(await scene(moto(), AS_AWS()));

    expect(rowsThat(all, 'otherwise')).toEqual(LACKING_IN_MOTO);
    // Moto runs no function and no build.
    expect(rowsThat(all, 'not seen')).toEqual([
      '`codebuild:startBuild.sync` answers',
      'CodeBuild runs `buildspecs/environment.yml`',
      '`BatchGetBuilds` answers the variables with which a build was started',
      'A VPC link (V2) leads an integration to an internal load balancer',
      'A task without a role has no credentials; ECS pulls its image and writes its log',
      'ECS Managed Instances starts one of the types that a capacity provider allows',
      'An alias sends each request to one of its two versions',
      'In a log group of several functions streams are named',
      'Functions in subnets without a way out still answer',
    ]);
  });

  it('find what moto alone does otherwise', async () => {
    const all = await verdicts(await scene(moto(), []));

    expect(rowsThat(all, 'otherwise')).toEqual([
      'Versions, delete markers, ranged reads',
      'A transaction sent again with its token is done once',
      '`GetDeployment?embed=apisummary` names each path',
      'A stale RevisionId is refused by UpdateAlias',
      'An alias is made once',
      'A version that an alias names is not deleted',
    ]);
  });

  it.each<[string, string, (aws: Scene) => Scene]>([
    [
      "EventBridge starts the deploy machine with S3's event",
      'an upload starts nothing',
      (aws) => ({ ...aws, uploads: [...aws.uploads, { key: 'k', versionId: 'never' }] }),
    ],
    [
      "S3's sequencers grow within a key",
      'a later upload has an earlier sequencer',
      (aws) => ({ ...aws, uploads: aws.uploads.toReversed() }),
    ],
    [
      'A change of an alias reaches every request',
      'a request after the rollback is answered by the version before it',
      (aws) => ({
        ...aws,
        answers: [...aws.answers, { sentMs: 8, status: 200, revision: 'shapes-v2' }],
      }),
    ],
    [
      "A request comes by the model's route to the revision that has the shares",
      'a request without a key is answered',
      (aws) => ({ ...aws, ask: async () => Response.json({}) }),
    ],
    [
      '`/_probe` takes a request that is signed',
      'a request that nobody signed gets to the load balancer',
      (aws) => ({ ...aws, ask: async () => Response.json({ error: 'no' }, { status: 404 }) }),
    ],
    ...[
      planted('SFN', 'StartExecution', {}),
      planted('APIGateway', 'DeleteDeployment', {}),
      planted('Lambda', 'UpdateAlias', {}),
      planted('Lambda', 'Invoke', { ExecutedVersion: '7' }),
      planted('CloudWatchLogs', 'DescribeLogStreams', {
        logStreams: [{ logStreamName: '2026/11/30/[$LATEST]0' }],
      }),
    ].map((rule): [string, string, (aws: Scene) => Scene] => [
      ROWS_OF[rule.name] ?? '',
      rule.name,
      (aws) => ({
        ...aws,
        client: (Client) =>
          awsClient(Client as never, moto(), awsRules([rule, ...AS_AWS()])) as never,
      }),
    ]),
  ])('find a planted wrong behaviour: %s, where %s', async (row, _, plant) => {
    const right = await scene(moto(), AS_AWS());

    const all = await verdicts(plant(right));

    expect(rowsThat(all, 'otherwise')).toContain(row);
    expect((await verdicts(right))[row]).not.toBe('otherwise');
  });
});

function rowsThat(
  all: Readonly<Record<string, Finding['verdict']>>,
  verdict: Finding['verdict'],
): readonly string[] {
  return Object.keys(all).filter((row) => all[row] === verdict);
}
