import type { APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { authorizer } from '#adapters/aws/keys/authorizer.ts';
import { authorizerRequest } from '#domain/authorizer-request.ts';
import { Failure } from '#domain/failure.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';
import { memoryApiKeys } from '../../../support/memory/api-keys.ts';

const API = 'arn:aws:execute-api:us-east-1:123456789012:abc123/v1';
const METHOD_ARN = `${API}/POST/models/digits/invocations`;

/** The event that API Gateway sends to a REQUEST authorizer. https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html */
function asked(headers: Record<string, string>, more: Record<string, string[]> = {}) {
  const several = Object.entries(headers).map(([name, value]) => [name, [value]]);
  return authorizerRequest.parse({
    type: 'REQUEST',
    methodArn: METHOD_ARN,
    resource: '/models/digits/{proxy+}',
    path: '/models/digits/invocations',
    httpMethod: 'POST',
    headers,
    multiValueHeaders: { ...Object.fromEntries(several), ...more },
    queryStringParameters: {},
    multiValueQueryStringParameters: {},
    pathParameters: { proxy: 'invocations' },
    stageVariables: {},
    requestContext: { stage: 'v1', apiId: 'abc123' },
  } as unknown as APIGatewayRequestAuthorizerEvent);
}

async function withKey() {
  const clock = fakeClock(0);
  const keys = memoryApiKeys({ clock });
  const made = await keys.create('ci', ['digits']);
  return { keys, clock, authorize: authorizer(keys, clock), ...made };
}

const unauthorized = { message: 'Unauthorized' };

describe('the authorizer', () => {
  it.each([
    ['a bearer token', (key: string) => ({ Authorization: `Bearer ${key}` })],
    ['x-api-key', (key: string) => ({ 'X-API-Key': key })],
    [
      'both, which are equal',
      (key: string) => ({ authorization: `bearer ${key}`, 'x-api-key': key }),
    ],
  ])('lets the holder of a key in to its models, by %s', async (_, headers) => {
    const { authorize, key, record } = await withKey();

    const answer = await authorize(asked(headers(key)));

    expect(answer.principalId).toBe(record.id);
    expect(answer.policyDocument.Statement[0].Resource).toContain(`${API}/POST/models/digits/*`);
    expect(answer.usageIdentifierKey).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.stringify(answer)).not.toContain(key);
  });

  it('takes a request whose headers are told once each', async () => {
    const { authorize, key, record } = await withKey();
    const request = authorizerRequest.parse({
      methodArn: METHOD_ARN,
      headers: { 'x-api-key': key },
    });

    expect(await authorize(request)).toMatchObject({ principalId: record.id });
  });

  it.each([
    ['no headers', asked({})],
    ['what is no key', asked({ 'x-api-key': 'hunter2' })],
    ['a key that was never made', asked({ 'x-api-key': `slw_${'A'.repeat(43)}` })],
    ['no headers at all', authorizerRequest.parse({ methodArn: METHOD_ARN, headers: null })],
  ])('answers 401 for %s', async (_, request) => {
    const { authorize } = await withKey();

    await expect(authorize(request)).rejects.toMatchObject(unauthorized);
  });

  it('answers 401 for a key beside another', async () => {
    const { authorize, keys, key } = await withKey();
    const other = await keys.create('other', 'all');
    const headers = { authorization: `Bearer ${key}` };

    const inTwoHeaders = authorize(asked({ ...headers, 'x-api-key': other.key }));
    const twice = authorize(
      asked(headers, { authorization: [`Bearer ${key}`, `Bearer ${other.key}`] }),
    );

    await expect(inTwoHeaders).rejects.toMatchObject(unauthorized);
    await expect(twice).rejects.toMatchObject(unauthorized);
  });

  it('answers 401 for a key that is revoked', async () => {
    const { authorize, keys, key, record } = await withKey();
    await keys.revoke(record.id);

    await expect(authorize(asked({ 'x-api-key': key }))).rejects.toMatchObject(unauthorized);
  });

  it('answers 401 for a key that has expired', async () => {
    const { authorize, clock, keys } = await withKey();
    const { key } = await keys.create('guest', 'all', { expiresAtMs: 1000 });
    clock.advance(999);
    expect(await authorize(asked({ 'x-api-key': key }))).toBeDefined();
    clock.advance(1);

    await expect(authorize(asked({ 'x-api-key': key }))).rejects.toMatchObject(unauthorized);
  });

  it('lets nobody in while keys cannot be looked up', async () => {
    const { key } = await withKey();
    const find = async () => {
      throw new Failure('PlatformThrottled', 'too many');
    };

    const answered = authorizer({ find }, fakeClock(0))(asked({ 'x-api-key': key }));

    await expect(answered).rejects.toMatchObject({ name: 'PlatformThrottled' });
  });
});
