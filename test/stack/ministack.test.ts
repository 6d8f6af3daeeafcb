import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  type ExecutionListItem,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  ListExecutionsCommand,
  SFNClient,
} from '@aws-sdk/client-sfn';
import { invocationEvent } from '#adapters/aws/api/invocation-event.ts';
import { awsClient } from '../support/aws/clients.ts';
import { eventually } from '../support/clock/eventually.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { type DeployedStack, deployStack } from '../support/stack/deploy.ts';
import { LOST_IN_MINISTACK, printLost, UNKNOWN_TO_MINISTACK } from '../support/stack/lost.ts';
import {
  isMinistackHere,
  MINISTACK_ACCOUNT,
  type Ministack,
  startMinistack,
  whyNoMinistack,
} from '../support/stack/ministack.ts';
import { ask } from '../support/stack/parts.ts';
import { packageWithout } from '../support/stack/prepared.ts';
import {
  makeKey,
  publishEcho,
  REQUEST_BODY,
  requestOf,
  stackKeys,
} from '../support/stack/request.ts';
import { stackRouter } from '../support/stack/route.ts';
import { missingIn } from '../support/stack/seen.ts';
import { packagedFolder } from '../template/packaged.ts';
import { type Json, readTemplate } from '../template/template.ts';

if (!isMinistackHere) process.stderr.write(`skipped: the stack in ministack: ${whyNoMinistack}\n`);

(isMinistackHere ? describe : describe.skip)('the packaged template in ministack', () => {
  let ministack: Ministack;
  let stack: DeployedStack;
  let folder: string;
  let packaged: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-stack-'));
    ministack = await startMinistack();
    packaged = await packagedFolder();
    const known = await packageWithout(packaged, folder, UNKNOWN_TO_MINISTACK);
    stack = await deployStack(ministack, known);
  });
  afterAll(async () => {
    await ministack.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('is there, resource by resource, but for what ministack does not show', async () => {
    const template = await readTemplate(packaged);

    const { seen, missing } = await missingIn(template, stack, ministack, MINISTACK_ACCOUNT);

    expect(missing).toEqual(Object.keys(LOST_IN_MINISTACK).sort());
    printLost('ministack', LOST_IN_MINISTACK);
    process.stdout.write(`ministack: ${seen.length} properties looked at\n`);
  });

  it('runs our functions from an upload on, as far as a build, and tells the bus of it', async () => {
    const told = await toldOnBus(ministack, String(stack.outputs['Bus']));

    await awsClient(S3Client, ministack).send(
      new PutObjectCommand({
        Bucket: stack.outputs['Bucket'],
        Key: 'models/shapes/model.onnx',
        Body: addConstantModel({ constant: 1 }),
      }),
    );

    const history = await historyOfFirst(ministack, String(stack.outputs['StateMachine']));
    const entered = history.flatMap(
      ({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name ?? [],
    );
    expect(entered).toEqual([
      ...['AdmitDeployment', 'IsAdmitted', 'AcquireLease', 'HasLease', 'InspectArtifact'],
      ...['PlanBuild', 'IsImageBuilt', 'BuildEnvironment', 'ExplainBuild', 'Compensate'],
      ...['ReleaseLease', 'WhichEnd', 'Failed'],
    ]);
    const failed = history.find(({ taskFailedEventDetails }) => taskFailedEventDetails);
    const { resource, cause } = failed?.taskFailedEventDetails ?? {};
    expect(resource).toBe('arn:aws:states:::codebuild:startBuild.sync');
    process.stdout.write(`ministack goes no further than BuildEnvironment: ${cause}\n`);
    const states = await eventually(async () => {
      const events = await told();
      return events.some(({ state }) => state === 'Failed') && events.map(({ state }) => state);
    });
    expect(states).toEqual(['Admitted', 'Inspected', 'Building', 'Failed']);
  });

  it('leads a request by the route that the router made to the revision that has the shares, for a key that may call the model', async () => {
    await publishEcho(ministack, stack, 'echo', ['echo-v1', 'echo-v2']);
    const router = stackRouter(ministack, stack);
    const request = requestOf(ministack, stack, 'echo');
    const { key, record } = await makeKey(ministack, stack, 'echo');
    const other = await makeKey(ministack, stack, 'letters');

    const before = await request(key);
    await router.setShares('echo', { 'echo-v1': 100 }, {}, 1);
    const first = await request(key);
    await router.setShares('echo', { 'echo-v2': 100 }, { 'echo-v1': 100 }, 1);
    const second = await request(key);
    const refused = [await request(), await request(other.key)];
    await stackKeys(ministack, stack).revoke(record.id);
    const revoked = await request(key);
    await router.remove('echo', 1);
    const after = await request(other.key);

    const unknown = { status: 404, body: { error: 'no model is served here' } };
    expect([before, after]).toMatchObject([unknown, unknown]);
    expect(first).toMatchObject({ status: 200, revision: 'echo-v1' });
    expect(second).toMatchObject({ status: 200, revision: 'echo-v2' });
    expect(refused).toMatchObject([
      { status: 401, body: { error: 'the request has no valid key' } },
      { status: 403, body: { error: 'this key may not call this model' } },
    ]);
    expect(revoked).toMatchObject({ status: 401 });
  });

  it('hands a function the event that our probes imitate, but for the headers', async () => {
    await publishEcho(ministack, stack, 'probed', ['probed-v1']);
    await stackRouter(ministack, stack).setShares('probed', { 'probed-v1': 100 }, {}, 1);
    const { key } = await makeKey(ministack, stack, 'probed');

    const { body: handed } = await requestOf(ministack, stack, 'probed')(key);

    const asked = { model: 'probed', method: 'POST', path: '/invocations' } as const;
    const { headers, multiValueHeaders, requestContext, ...event } = invocationEvent('v1', asked);
    const { requestId, identity, ...context } = requestContext;
    // The API takes any media type for binary.
    const body = Buffer.from(REQUEST_BODY).toString('base64');
    expect(handed).toMatchObject({
      ...event,
      body,
      isBase64Encoded: true,
      requestContext: context,
    });
  });
});

/** Returns the events on the bus so far, in the model's own order. */
async function toldOnBus(aws: Ministack, EventBusName: string) {
  const input = { QueueName: 'told' };
  const { QueueUrl } = await ask(aws, { service: 'sqs', target: 'AmazonSQS.CreateQueue', input });
  const events = awsClient(EventBridgeClient, aws);
  const rule = { Name: 'told', EventBusName, EventPattern: '{"source": ["slipway"]}' };
  await events.send(new PutRuleCommand(rule));
  const Arn = `arn:aws:sqs:us-east-1:${MINISTACK_ACCOUNT}:told`;
  const Targets = [{ Id: 'told', Arn }];
  await events.send(new PutTargetsCommand({ Rule: 'told', EventBusName, Targets }));
  const told = new Map<number, Json>();

  return async (): Promise<readonly Json[]> => {
    const receive = { QueueUrl, MaxNumberOfMessages: 10 };
    const target = 'AmazonSQS.ReceiveMessage';
    const { Messages = [] } = await ask(aws, { service: 'sqs', target, input: receive });
    for (const { Body } of Messages) {
      const { detail } = JSON.parse(Body);
      told.set(detail.sequence, detail);
    }
    return [...told.entries()].sort(([a], [b]) => a - b).map(([, detail]) => detail);
  };
}

/** The history of the one execution there is, once it has ended. */
async function historyOfFirst(
  aws: Ministack,
  stateMachineArn: string,
): Promise<readonly HistoryEvent[]> {
  const client = awsClient(SFNClient, aws);
  const { executionArn } = await eventually(async (): Promise<ExecutionListItem | false> => {
    const { executions = [] } = await client.send(new ListExecutionsCommand({ stateMachineArn }));
    const [first] = executions;
    return first !== undefined && first.status !== 'RUNNING' && first;
  });
  const read = new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 });
  return (await client.send(read)).events ?? [];
}
