/** The event that API Gateway sends to a model's function for a POST to `/models/<name>/<path>`. */
export function restEvent(name: string, path: string, body: string) {
  const url = `/models/${name}/${path}`;
  return {
    resource: `/models/${name}/{proxy+}`,
    path: url,
    httpMethod: 'POST',
    headers: { 'content-type': 'application/json', Host: 'api.example.com' },
    multiValueHeaders: { 'content-type': ['application/json'], Host: ['api.example.com'] },
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    pathParameters: { proxy: path },
    stageVariables: null,
    requestContext: {
      accountId: '111122223333',
      apiId: 'a1b2c3d4e5',
      httpMethod: 'POST',
      path: `/prod${url}`,
      stage: 'prod',
      resourcePath: `/models/${name}/{proxy+}`,
      resourceId: 'abc123',
      requestId: crypto.randomUUID(),
      protocol: 'HTTP/1.1',
      identity: { sourceIp: '192.0.2.1', userAgent: 'curl' },
    },
    body,
    isBase64Encoded: false,
  };
}
