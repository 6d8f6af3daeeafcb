import { APIGatewayClient } from '@aws-sdk/client-api-gateway';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { apiLease } from '#adapters/aws/api/api-lease.ts';
import { routeRecords } from '#adapters/aws/api/route-records.ts';
import { lambdaProbes } from '#adapters/aws/lambda/lambda-prober.ts';
import { dynamoFence } from '#adapters/aws/registry/fence.ts';
import { awsProber } from '#adapters/aws/routes/aws-prober.ts';
import { restApiRouter } from '#adapters/aws/routes/rest-api-router.ts';
import { Failure } from '#domain/failure.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import { awsClient } from '../../../support/aws/clients.ts';
import { dynamoWorld } from '../../../support/aws/dynamo.ts';
import { API_STAGE, lambdaPlatformWorld } from '../../../support/aws/lambda-platform.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { restApi } from '../../../support/aws/rest-api.ts';
import { apiGatewayRules } from '../../../support/aws/rules/apigateway.ts';
import { awsRules } from '../../../support/aws/rules/rules.ts';
import { startModelFront } from '../../../support/fronts/model.ts';
import { addConstantModel, unknownOperatorModel } from '../../../support/models/onnx.ts';

const LONG = { waitMs: 60_000 };
// Only a hanging probe would take so long.
const TIMEOUT_MS = 600_000;
const REQUEST: GoldenRequest = {
  protocol: 'infer',
  body: { inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] },
};

describeOnMoto('real model servers in front of moto', (moto) => {
  // How long a changed alias is given.
  const SETTLE_MS = 1_000;

  async function open() {
    const world = await lambdaPlatformWorld(moto());
    const { clock, platform } = world;
    const lambda = world.lambda();
    const { prefix: functionPrefix } = world.functions;
    const { table, client } = dynamoWorld(moto());
    const api = { ...(await restApi(moto())), stage: API_STAGE };
    const sleep = async (ms: number) => clock.advance(ms);
    const dynamo = client();
    const records = routeRecords({ dynamo, table, api: api.id });
    const router = restApiRouter({
      lambda,
      api,
      functionPrefix,
      clock,
      records,
      containers: null,
      apiGateway: awsClient(APIGatewayClient, moto(), awsRules(apiGatewayRules(clock.now))),
      cloudWatch: awsClient(CloudWatchClient, moto()),
      lease: apiLease({ dynamo, table, api: api.id, clock, sleep }),
      fence: dynamoFence({ client: dynamo, table }),
    });
    const prober = awsProber({
      functions: lambdaProbes({ lambda, functionPrefix, apiStage: API_STAGE }),
      containers: () => Promise.reject(new Error('no container is probed')),
      records,
      counts: { add: async () => {} },
    });
    const deploy = async (version: number, model: Uint8Array) => {
      const spec = world.spec(model, { version });
      await platform.create(spec, 1);
      return platform.describe(spec.revision, LONG);
    };
    const ask = async (address: string) => {
      const answer = await prober.send(address, 'digits', REQUEST, TIMEOUT_MS);
      if (answer.kind === 'none') throw new Error(answer.reason);
      const [output] = answer.status === 200 ? JSON.parse(answer.body).outputs : [];
      return { status: answer.status, revision: answer.revision, data: output?.data };
    };
    return { ...world, router, prober, deploy, ask };
  }

  it('a model is deployed, proven, given its route and replaced, and answers from its own bytes', async () => {
    const { router, deploy, ask, clock, close } = await open();

    expect(await deploy(1, addConstantModel({ constant: 1 }))).toMatchObject({ kind: 'ready' });
    await router.setShares('digits', { 'digits-v1': 100 }, {}, 1);
    const before = await ask(router.route('digits'));
    expect(await deploy(2, addConstantModel({ constant: 10 }))).toMatchObject({ kind: 'ready' });
    const candidate = await ask(router.testPath({ revision: 'digits-v2', target: 'lambda' }));
    const meanwhile = await ask(router.route('digits'));
    await router.setShares('digits', { 'digits-v2': 100 }, { 'digits-v1': 100 }, 1);
    const after = await ask(router.route('digits'));

    const first = { status: 200, revision: 'digits-v1', data: [2, 3] };
    const second = { status: 200, revision: 'digits-v2', data: [11, 12] };
    expect([before, candidate, meanwhile, after]).toEqual([first, second, first, second]);
    clock.advance(SETTLE_MS);
    expect(await router.verify('digits', { 'digits-v2': 100 })).toEqual({ kind: 'verified' });
    await close();
  });

  it('requests are spread by weight', async () => {
    const { router, deploy, ask, close } = await open();
    await deploy(1, addConstantModel({ constant: 1 }));
    await deploy(2, addConstantModel({ constant: 10 }));
    await router.setShares('digits', { 'digits-v1': 1, 'digits-v2': 1 }, {}, 1);

    const answers = [];
    for (let requests = 0; requests < 40; requests += 1) {
      answers.push((await ask(router.route('digits'))).revision);
    }

    // Forty draws of two are all the same once in 5e11 times.
    expect(new Set(answers)).toEqual(new Set(['digits-v1', 'digits-v2']));
    await close();
  });

  it('a model that its server does not load fails with what the server says', async () => {
    const { deploy, platform, close } = await open();

    const state = await deploy(1, unknownOperatorModel());

    expect(state).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('Runtime exited with error: exit status 1'),
    });
    const tail = await platform.logTail('digits-v1', { lines: 20 });
    expect(tail.map(({ text }) => text).join('\n')).toContain('Mystery');
    expect(state.kind === 'failed' && state.logTail.join('\n')).toContain('Mystery');
    await close();
  });

  it('other functions answer by their handlers, and fail by the name of what they throw', async () => {
    const { functions, close } = await open();
    const front = await startModelFront({
      moto: moto(),
      functionPrefix: functions.prefix,
      logGroup: functions.logGroup,
      startServer: () => {
        throw new Error('no model is asked');
      },
      handlers: {
        echo: async (event) => ({ event }),
        fail: async () => {
          throw new Failure('PlatformThrottled', 'too many calls');
        },
      },
    });
    const lambda = awsClient(LambdaClient, front);
    const invoke = async (FunctionName: string) => {
      const output = await lambda.send(new InvokeCommand({ FunctionName, Payload: '{"a":1}' }));
      const payload = JSON.parse(Buffer.from(output.Payload ?? []).toString());
      return { error: output.FunctionError, payload };
    };

    expect(await invoke('echo')).toEqual({ error: undefined, payload: { event: { a: 1 } } });
    expect(await invoke('fail')).toEqual({
      error: 'Unhandled',
      payload: { errorType: 'PlatformThrottled', errorMessage: 'too many calls' },
    });
    await expect(invoke('nobody')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await front.close();
    await close();
  });
});
