import { authorizerRequest } from '#domain/authorizer-request.ts';

const ARN = 'arn:aws:execute-api:us-east-1:123456789012:abc123/v1/GET/models/digits/ping';

describe('what the authorizer is asked', () => {
  it.each([
    { headers: { 'x-api-key': 'a' }, multiValueHeaders: { 'x-api-key': ['a', 'b'] } },
    { headers: null, multiValueHeaders: null },
    {},
  ])('has headers as %j', (headers) => {
    const request = { methodArn: ARN, ...headers };

    expect(authorizerRequest.parse({ type: 'REQUEST', httpMethod: 'GET', ...request })).toEqual(
      request,
    );
  });

  it('names the method', () => {
    expect(authorizerRequest.safeParse({ headers: {} }).success).toBe(false);
  });
});
