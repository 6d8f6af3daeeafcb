import packageJson from '../../../../package.json' with { type: 'json' };
import { serveMirror } from '../../../support/gateway/real-revisions.ts';
import { type GatewayWorld, gatewayWorld } from '../../../support/gateway/world.ts';

let world: GatewayWorld;
let seen: Awaited<ReturnType<typeof serveMirror>>;

beforeEach(async () => {
  world = await gatewayWorld();
  await world.route('digits', { 'digits-v1': 1 });
  await world.route('words', { 'words-v1': 1 });
  seen = await serveMirror(world.revisions, 'digits-v1');
  await world.revisions.serve('words-v1', (_, response) => response.end('words'));
});

afterEach(() => world.close());

async function get(path: string) {
  const { statusCode, body } = await world.call(path);
  return { status: statusCode, json: await body.json() };
}

async function post(path: string, body: string) {
  const answer = await world.call(path, { method: 'POST', body });
  const { statusCode: status, headers } = answer;
  const text = await answer.body.text();
  return { status, headers, json: status < 400 ? undefined : JSON.parse(text) };
}

describe('a client that has one address for all models', () => {
  it.each([
    '/endpoints/digits/invocations',
    '/endpoints/digits/invocations?a=b',
    '/v2/models/digits/infer',
    '/v2/models/digits',
    '/v2/models/digits/versions/1/ready',
    '/v1/models/digits:predict',
    '/v1/models/digits',
  ])('names its model in the path %s', async (path) => {
    const { status, headers } = await post(path, '{}');

    expect(status).toBe(200);
    expect(headers['x-slipway-revision']).toBe('digits-v1');
    expect(seen.map(({ url }) => url)).toEqual([path]);
  });

  it.each([
    '/v1/chat/completions',
    '/chat/completions',
    '/v1/completions',
    '/v1/embeddings?a=b',
    '/v1/responses/',
    '/v2/rerank',
    '/rerank',
  ])('names it in the body at %s', async (path) => {
    const sent = JSON.stringify({ messages: [], model: 'digits' });

    const { status, headers } = await post(path, sent);

    expect(status).toBe(200);
    expect(headers['x-slipway-revision']).toBe('digits-v1');
    expect(seen).toMatchObject([{ url: path, body: sent }]);
  });

  it('is told which model was meant, and by the code that OpenAI’s clients read', async () => {
    const { status, json } = await post('/v1/chat/completions', '{"model":"digts"}');

    expect(status).toBe(404);
    expect(json).toEqual({
      error: {
        message: 'no model "digts" is served here; did you mean "digits"?',
        type: 'invalid_request_error',
        param: null,
        code: 'model_not_found',
      },
      models: ['digits', 'words'],
    });
  });

  it.each([
    { body: '{}', says: /^the body names no model; name one in `model`/ },
    { body: '{"model":7}', says: /^the body names no model/ },
    { body: 'model=digits', says: /^the body is not a JSON object/ },
    { body: '', says: /^the body is not a JSON object/ },
    { body: 'null', says: /^the body is not a JSON object/ },
  ])('is told what is wrong with the body $body', async ({ body, says }) => {
    const { status, json } = await post('/v1/chat/completions', body);

    expect(status).toBe(400);
    expect(json.error.message).toMatch(says);
    expect(seen).toEqual([]);
  });

  it('is told of an endpoint that is not there in the words of SageMaker’s runtime', async () => {
    const { status, headers, json } = await post('/endpoints/digts/invocations', '{}');

    expect(status).toBe(404);
    expect(headers['x-amzn-errortype']).toBe('ValidationError');
    expect(json.Message).toMatch(/^no model is served here; did you mean \/models\/digits\?/);
  });

  it('has its requests counted as those of the model', async () => {
    await post('/v1/embeddings', '{"model":"digits"}');
    await post('/v1/embeddings', '{"model":"nobody"}');

    const metrics = await (await world.call('/metrics')).body.text();

    expect(metrics).toContain(
      'slipway_requests_total{model="digits",revision="digits-v1",code="200"} 1',
    );
    expect(metrics).toContain('slipway_requests_total{model="",revision="",code="404"} 1');
  });
});

describe('the gateway as a server', () => {
  it.each([
    { path: '/healthz', json: { status: 'ok', models: ['digits', 'words'] } },
    {
      path: '/v2',
      json: { name: 'slipway', version: packageJson.version, extensions: ['binary_tensor_data'] },
    },
    { path: '/v2/health/live', json: { live: true } },
    { path: '/v2/health/ready/', json: { ready: true } },
  ])('$path answers $json', async ({ path, json }) => {
    expect(await get(path)).toEqual({ status: 200, json });
  });

  it('lists its models as OpenAI’s API does, and as KServe’s first protocol', async () => {
    const { json } = await get('/v1/models');

    expect(json).toMatchObject({
      object: 'list',
      data: [
        { id: 'digits', object: 'model' },
        { id: 'words', object: 'model' },
      ],
      models: ['digits', 'words'],
    });
  });

  it('is not ready while a model with traffic has no revision', async () => {
    await world.route('gone', { 'gone-v3': 1 });

    expect(await get('/v2/health/ready')).toEqual({
      status: 503,
      json: { ready: false, error: 'no revision of gone' },
    });
  });
});
