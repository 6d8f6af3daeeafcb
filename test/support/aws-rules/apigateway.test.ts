import type { Integration } from '@aws-sdk/client-api-gateway';
import { apiGatewayRules } from '../aws/rules/apigateway.ts';
import { type Answers, ruled } from './ruled.ts';

const MODELS = {
  id: 'models',
  parentId: 'root',
  path: '/models',
  pathPart: 'models',
  resourceMethods: {
    ANY: {
      authorizationType: 'CUSTOM',
      apiKeyRequired: true,
      requestParameters: { 'method.request.path.proxy': true },
      methodIntegration: { type: 'MOCK' },
    },
  },
};
const ROOT = { id: 'root', path: '/' };

const having = (...items: readonly object[]): { answers: Answers } => ({
  answers: {
    GetResources: ({ restApiId, embed }: { restApiId: string; embed: readonly string[] }) =>
      restApiId === 'api' && embed.includes('methods') ? { items } : {},
    GetStages: () => ({ item: [{ deploymentId: 'd1' }, { deploymentId: 'd2' }] }),
  },
});
const there = having(ROOT, MODELS);

it.each([
  { count: 299, takes: 'takes another', outcome: undefined },
  { count: 300, takes: 'takes no other', outcome: 'LimitExceededException' },
])('an API of $count resources $takes', async ({ count, outcome }) => {
  const full = having(...Array.from({ length: count }, () => MODELS));
  const rules = apiGatewayRules(() => 0).filter(({ name }) => name.includes('300 resources'));

  expect(await ruled(rules, 'APIGateway.CreateResource', { restApiId: 'api' }, full)).toBe(outcome);
});

describe('a deployment of an API', () => {
  it('follows another one after five seconds, counted from the last that was made', async () => {
    let now = 0;
    const rules = apiGatewayRules(() => now);
    const deploy = async (atMs: number) => {
      now = atMs;
      return ruled(
        rules,
        'APIGateway.CreateDeployment',
        { restApiId: 'api' },
        { ...there, output: { id: 'd1' } },
      );
    };

    expect(await deploy(0)).toBeUndefined();
    expect(await deploy(4_999)).toBe('TooManyRequestsException');
    expect(await deploy(5_000)).toBeUndefined();
    expect(await deploy(9_999)).toBe('TooManyRequestsException');
  });

  it.each([
    ['each of its methods has an integration', having(ROOT, MODELS), undefined],
    [
      'one has none',
      having(MODELS, { id: 'other', resourceMethods: { GET: {} } }),
      'BadRequestException',
    ],
  ])('is made where %s', async (_, held, outcome) => {
    expect(
      await ruled(
        apiGatewayRules(() => 0),
        'APIGateway.CreateDeployment',
        { restApiId: 'api' },
        held,
      ),
    ).toBe(outcome);
  });

  it('serves the integrations that it was made with, in place of those before', async () => {
    const served = new Map<string, Integration>([['/gone', { type: 'MOCK' }]]);
    const rules = apiGatewayRules(() => 0, served);

    await ruled(
      rules,
      'APIGateway.CreateDeployment',
      { restApiId: 'api' },
      { ...there, output: { id: 'd1' } },
    );

    expect([...served]).toEqual([['/models', { type: 'MOCK' }]]);
  });

  it('tells its summary to who asks for it', async () => {
    const rules = apiGatewayRules(() => 0);
    await ruled(
      rules,
      'APIGateway.CreateDeployment',
      { restApiId: 'api' },
      { ...there, output: { id: 'd1' } },
    );
    const look = (id: string, embed?: readonly string[]) =>
      ruled(rules, 'APIGateway.GetDeployment', { restApiId: 'api', embed }, { output: { id } });

    expect(await look('d1', ['apisummary'])).toEqual({
      id: 'd1',
      apiSummary: { '/models': { ANY: { authorizationType: 'CUSTOM', apiKeyRequired: true } } },
    });
    expect(await look('d9', ['apisummary'])).toEqual({ id: 'd9', apiSummary: {} });
    expect(await look('d1')).toBeUndefined();
    expect(await look('d1', [])).toBeUndefined();
  });

  it('is deleted where the API has no stage', async () => {
    const answers = { GetStages: () => ({}) };
    const input = { restApiId: 'api', deploymentId: 'd2' };

    expect(
      await ruled(
        apiGatewayRules(() => 0),
        'APIGateway.DeleteDeployment',
        input,
        { answers },
      ),
    ).toEqual({});
  });

  it('is deleted, and told of no more, unless a stage names it', async () => {
    const rules = apiGatewayRules(() => 0);
    const remove = (deploymentId: string) =>
      ruled(rules, 'APIGateway.DeleteDeployment', { restApiId: 'api', deploymentId }, there);
    const list = () =>
      ruled(
        rules,
        'APIGateway.GetDeployments',
        {},
        { output: { items: [{ id: 'd2' }, { id: 'd3' }] } },
      );

    expect(await list()).toBeUndefined();
    expect(await remove('d2')).toBe('BadRequestException');
    expect(await list()).toBeUndefined();
    expect(await remove('d3')).toEqual({});
    expect(await list()).toEqual({ items: [{ id: 'd2' }] });
  });
});

describe('a resource', () => {
  it.each([
    ['root', 'models', 'ConflictException'],
    ['root', 'others', undefined],
    ['models', 'models', undefined],
  ])('below %s named %s is %s', async (parentId, pathPart, outcome) => {
    const input = { restApiId: 'api', parentId, pathPart };

    expect(
      await ruled(
        apiGatewayRules(() => 0),
        'APIGateway.CreateResource',
        input,
        there,
      ),
    ).toBe(outcome);
  });

  it.each([
    ['models', 'ANY', 'ConflictException'],
    ['models', 'GET', undefined],
    ['root', 'ANY', undefined],
    ['gone', 'ANY', undefined],
  ])('%s gets the method %s: %s', async (resourceId, httpMethod, outcome) => {
    const input = { restApiId: 'api', resourceId, httpMethod };

    expect(
      await ruled(
        apiGatewayRules(() => 0),
        'APIGateway.PutMethod',
        input,
        there,
      ),
    ).toBe(outcome);
  });
});

describe('an integration', () => {
  it.each([
    ['models', 'method.request.path.proxy', undefined],
    ['models', "'a text'", undefined],
    ['models', 'method.request.path.other', 'BadRequestException'],
    ['models', "'open", 'BadRequestException'],
    ['models', "more than 'a text'", 'BadRequestException'],
    ['models', "'a text' and more", 'BadRequestException'],
    ['gone', 'method.request.path.proxy', 'BadRequestException'],
    ['models', "closed'", 'BadRequestException'],
    ['root', 'method.request.path.proxy', 'BadRequestException'],
  ])('of %s that takes %s is %s', async (resourceId, from, outcome) => {
    const requestParameters = { 'integration.request.path.proxy': from };
    const input = { restApiId: 'api', resourceId, httpMethod: 'ANY', requestParameters };

    expect(
      await ruled(
        apiGatewayRules(() => 0),
        'APIGateway.PutIntegration',
        input,
        there,
      ),
    ).toBe(outcome);
  });

  it.each([
    [29_000, undefined, undefined],
    [29_001, undefined, 'BadRequestException'],
    [29_001, 'BUFFERED', 'BadRequestException'],
    [900_000, 'STREAM', undefined],
    [900_001, 'STREAM', 'BadRequestException'],
  ])('of %i ms, as %s, is %s', async (timeoutInMillis, responseTransferMode, outcome) => {
    const input = { restApiId: 'api', resourceId: 'models', httpMethod: 'ANY' };
    const timed = { ...input, timeoutInMillis, responseTransferMode };

    expect(
      await ruled(
        apiGatewayRules(() => 0),
        'APIGateway.PutIntegration',
        timed,
        there,
      ),
    ).toBe(outcome);
  });

  it.each([
    ['2015-03-31/functions/arn/invocations', undefined, undefined],
    ['2015-03-31/functions/arn/invocations', 'BUFFERED', undefined],
    ['2021-11-15/functions/arn/response-streaming-invocations', 'STREAM', undefined],
    ['2015-03-31/functions/arn/invocations', 'STREAM', 'BadRequestException'],
    ['2021-11-15/functions/arn/response-streaming-invocations', 'BUFFERED', 'BadRequestException'],
    ['2021-11-15/functions/arn/invocations', 'STREAM', 'BadRequestException'],
  ])('of a function at %s, as %s, is %s', async (path, responseTransferMode, outcome) => {
    const input = { restApiId: 'api', resourceId: 'models', httpMethod: 'ANY', type: 'AWS_PROXY' };
    const uri = `arn:aws:apigateway:us-east-1:lambda:path/${path}`;

    expect(
      await ruled(
        apiGatewayRules(() => 0),
        'APIGateway.PutIntegration',
        { ...input, uri, responseTransferMode },
        there,
      ),
    ).toBe(outcome);
  });
});
