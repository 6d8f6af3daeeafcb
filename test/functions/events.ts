const ACCOUNT = '111122223333';
const REGION = 'us-east-1';
const MACHINE = `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:slipway-test-deploy`;

const envelope = {
  version: '0',
  id: '17793124-05d4-b198-2fde-7ededc63b103',
  account: ACCOUNT,
  region: REGION,
  time: '2026-11-12T00:00:00Z',
};

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html */
export const OBJECT_CREATED = {
  ...envelope,
  'detail-type': 'Object Created',
  source: 'aws.s3',
  resources: ['arn:aws:s3:::slipway-test-models'],
  detail: {
    version: '0',
    bucket: { name: 'slipway-test-models' },
    object: {
      key: 'models/digits/model.onnx',
      size: 5,
      etag: 'b1946ac92492d2347c6235b4d2611184',
      'version-id': 'IYV3p45BT0ac8hjHg1houSdS1a.Mro8e',
      sequencer: '617f08299329d189',
    },
    'request-id': 'N4N7GDK58NMKJ12R',
    requester: ACCOUNT,
    'source-ip-address': '1.2.3.4',
    reason: 'PutObject',
  },
};

/** https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html */
export const EXECUTION_ENDED = {
  ...envelope,
  'detail-type': 'Step Functions Execution Status Change',
  source: 'aws.states',
  resources: [`${MACHINE.replace('stateMachine', 'execution')}:e1`],
  detail: {
    executionArn: `${MACHINE.replace('stateMachine', 'execution')}:e1`,
    stateMachineArn: MACHINE,
    name: 'e1',
    status: 'ABORTED',
    startDate: 1_551_225_146_847,
    stopDate: 1_551_225_151_881,
    input: '{}',
    output: null,
    inputDetails: { included: true },
    outputDetails: null,
    error: null,
    cause: null,
  },
};

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html */
export const SCHEDULED = {
  ...envelope,
  'detail-type': 'Scheduled Event',
  source: 'aws.events',
  resources: [`arn:aws:events:${REGION}:${ACCOUNT}:rule/slipway-test-sweep-schedule`],
  detail: {},
};

/** The events that infra/sweep.yml has EventBridge send in place of the usual one. */
export const METER = { 'detail-type': 'Scheduled Event', detail: { meter: true } };
export const WEIGH = { 'detail-type': 'Scheduled Event', detail: { weigh: true } };
export const TOUCH = { 'detail-type': 'Scheduled Event', detail: { touch: true } };

/** https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html */
export const STREAM_BATCH = {
  Records: [
    {
      eventID: '1',
      eventName: 'INSERT',
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: REGION,
      dynamodb: {
        ApproximateCreationDateTime: 1_551_225_146,
        Keys: { pk: { S: 'OUTBOX' }, sk: { S: '0000000000000001' } },
        SequenceNumber: '111',
        SizeBytes: 26,
        StreamViewType: 'KEYS_ONLY',
      },
      eventSourceARN: `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/slipway/stream/2026-01-01T00:00:00.000`,
    },
  ],
};

export const API_KEY = `slw_${'k'.repeat(43)}`;

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html */
export const REQUEST_AUTHORIZER = {
  type: 'REQUEST',
  methodArn: `arn:aws:execute-api:${REGION}:${ACCOUNT}:abcdef123/api/POST/models/digits/invocations`,
  resource: '/models/digits/{proxy+}',
  path: '/models/digits/invocations',
  httpMethod: 'POST',
  headers: { 'x-api-key': API_KEY, 'content-type': 'application/json' },
  multiValueHeaders: { 'x-api-key': [API_KEY], 'content-type': ['application/json'] },
  queryStringParameters: {},
  pathParameters: { proxy: 'invocations' },
  stageVariables: {},
  requestContext: {
    path: '/api/models/digits/invocations',
    accountId: ACCOUNT,
    resourceId: '123456',
    stage: 'api',
    requestId: 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef',
    identity: { sourceIp: '1.2.3.4' },
    resourcePath: '/models/digits/{proxy+}',
    httpMethod: 'POST',
    apiId: 'abcdef123',
  },
};
