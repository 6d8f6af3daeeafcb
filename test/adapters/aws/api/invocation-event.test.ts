import {
  invocationEvent,
  readFunctionError,
  readResponse,
} from '#adapters/aws/api/invocation-event.ts';

it('an event has the stage in its context’s path and nowhere else', () => {
  const event = invocationEvent('api', {
    model: 'digits',
    method: 'POST',
    path: '/v2/models/digits/infer',
    sent: { body: '{"inputs":[]}', contentType: 'application/json', isBase64: false },
  });

  expect(event).toMatchObject({
    resource: '/models/digits/{proxy+}',
    path: '/models/digits/v2/models/digits/infer',
    httpMethod: 'POST',
    pathParameters: { proxy: 'v2/models/digits/infer' },
    body: '{"inputs":[]}',
    isBase64Encoded: false,
    requestContext: { path: '/api/models/digits/v2/models/digits/infer', stage: 'api' },
  });
});

it('an event has bytes in base64, and says their type', () => {
  const sent = { body: 'iVBORw==', contentType: 'image/png', isBase64: true };

  const event = invocationEvent('api', { model: 'a', method: 'POST', path: '/invocations', sent });

  expect(event).toMatchObject({
    body: 'iVBORw==',
    isBase64Encoded: true,
    headers: { 'content-type': 'image/png' },
    multiValueHeaders: { 'content-type': ['image/png'] },
  });
});

it('a response’s headers are found whatever their case, and its body is decoded', () => {
  const payload = JSON.stringify({
    statusCode: 200,
    headers: { 'X-Slipway-Revision': 'digits-v1' },
    multiValueHeaders: { 'Set-Cookie': ['a', 'b'] },
    body: Buffer.from('größer').toString('base64'),
    isBase64Encoded: true,
  });

  expect(readResponse(payload)).toEqual({
    status: 200,
    headers: { 'x-slipway-revision': 'digits-v1', 'set-cookie': 'a, b' },
    body: 'größer',
  });
});

it('a streamed response is read behind its metadata, whatever is in its body', () => {
  const metadata = JSON.stringify({
    statusCode: 200,
    headers: { 'X-Slipway-Revision': 'chat-v1' },
    cookies: [],
  });
  const body = 'data: {"größer":1}\n\ndata: [DONE]\n\n';

  expect(readResponse(`${metadata}${'\0'.repeat(8)}${body}`)).toEqual({
    status: 200,
    headers: { 'x-slipway-revision': 'chat-v1' },
    body,
  });
  expect(readResponse(`${'\0'.repeat(8)}${body}`)).toBeUndefined();
});

it.each(['null', '"text"', '{}', '{"statusCode":"200"}', '{"statusCode":42}', 'no JSON', ''])(
  'an API would refuse %s as malformed',
  (payload) => {
    expect(readResponse(payload)).toBeUndefined();
  },
);

it.each([
  {
    payload: '{"errorType":"Runtime.ExitError","errorMessage":"exited"}',
    error: 'exited (Runtime.ExitError)',
  },
  { payload: '{"errorType":"&alloc::boxed::Box<dyn Error>","errorMessage":"no"}', error: 'no' },
  { payload: '{"errorMessage":"late"}', error: 'late' },
  {
    payload: JSON.stringify({ errorMessage: '{"statusCode":503,"body":"loading"}' }),
    error: 'status code: 503: loading',
  },
  { payload: 'oops', error: 'oops' },
])('a function’s error is read from $payload', ({ payload, error }) => {
  expect(readFunctionError(payload)).toBe(error);
});
