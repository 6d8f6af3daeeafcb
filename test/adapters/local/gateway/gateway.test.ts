import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import * as z from 'zod/mini';
import { startGateway } from '#adapters/local/gateway/gateway.ts';
import { exchangeBytes } from '../../../support/gateway/raw-http.ts';
import { type GatewayWorld, gatewayWorld } from '../../../support/gateway/world.ts';

let world: GatewayWorld;

beforeEach(async () => {
  world = await gatewayWorld();
});

afterEach(() => world.close());

describe('a model is called by its base path', () => {
  it.each([
    { called: '/models/digits/invocations', seen: '/invocations' },
    { called: '/models/digits', seen: '/' },
    { called: '/models/digits/', seen: '/' },
    { called: '/models/digits?a=1', seen: '/?a=1' },
    {
      called: '/models/digits/v2/models/digits/infer?x=%2F&y',
      seen: '/v2/models/digits/infer?x=%2F&y',
    },
    { called: '/models/digits//x/%2F%41;y%20z', seen: '//x/%2F%41;y%20z' },
    { called: '/_candidate/digits-v1/ping', seen: '/ping' },
  ])('the server of $called sees $seen', async ({ called, seen }) => {
    await world.revisions.serve('digits-v1', (request, response) => response.end(request.url));
    await world.route('digits', { 'digits-v1': 1 });

    const answer = await world.call(called);

    expect(await answer.body.text()).toBe(seen);
  });

  it.each([
    '/models/digits/../secret/invocations',
    '/models/digits/%2e%2e/secret/invocations',
    '/models/digits/..%2fsecret/invocations',
    '/models/digits/%2e%2e%2f%2e%2e%2f_candidate/secret-v1/ping',
    'http://front.example/models/digits/ping',
  ])('%s stays with the model it names first', async (path) => {
    await world.revisions.serve('digits-v1', (_, response) => response.end('digits'));
    await world.revisions.serve('secret-v1', (_, response) => response.end('secret'));
    await world.route('digits', { 'digits-v1': 1 });
    await world.route('secret', { 'secret-v1': 1 });

    const received = await exchangeBytes(
      world.gateway.origin,
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    );

    expect(received).toContain('x-slipway-revision: digits-v1');
  });

  it.each([
    '/models/nobody/ping',
    '/models/Digits/ping',
    '/models/digits%2f..%2fsecret/ping',
    '/models/%64igits/ping',
    '/../models/digits/ping',
    '/models/../models/digits/ping',
  ])('%s is answered 404 with the models there are', async (path) => {
    await world.revisions.serve('digits-v1', (_, response) => response.end());
    await world.route('words', { 'words-v1': 1 });
    await world.route('digits', { 'digits-v1': 1 });

    const received = await exchangeBytes(
      world.gateway.origin,
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    );

    expect(received).toMatch(/^HTTP\/1.1 404 /);
    expect(JSON.parse(received.split('\r\n\r\n')[1]!)).toMatchObject({
      error: expect.any(String),
      models: ['digits', 'words'],
    });
  });
});

describe('the gateway itself, and /models,', () => {
  it.each(['/', '/?x=1', '/models', '/models/'])(
    '%s has the models that are live',
    async (path) => {
      await world.route('words', { 'words-v1': 1 });
      await world.route('digits', { 'digits-v1': 1 });

      const { statusCode, body } = await world.call(path);

      expect(statusCode).toBe(200);
      expect(await body.json()).toEqual({
        models: [
          { name: 'digits', path: '/models/digits' },
          { name: 'words', path: '/models/words' },
        ],
      });
    },
  );

  it('is a page of links for a browser', async () => {
    const headers = { accept: 'text/html,application/xhtml+xml' };
    const none = await (await world.call('/', { headers })).body.text();
    await world.route('digits', { 'digits-v1': 1 });

    const { body, headers: received } = await world.call('/', { headers });

    expect(received['content-type']).toBe('text/html; charset=utf-8');
    expect(none).toContain('No model is live yet.');
    expect(await body.text()).toContain('>digits</a>');
  });

  it.each([
    { asked: '/', seen: '/', leads: '/models/digits' },
    { asked: '/models', seen: '/models', leads: '/models/digits' },
    { asked: '/models/?x', seen: '/models/?x', leads: '/models/digits' },
    { asked: '/', seen: '/ml/', leads: '/ml/models/digits' },
    { asked: '/models/', seen: '/ml/models/', leads: '/ml/models/digits' },
    { asked: '/', seen: '/ml', prefix: '/ml', leads: '/ml/models/digits' },
    { asked: '/models', seen: '/ml/models', prefix: '/ml/', leads: '/ml/models/digits' },
  ])(
    'its link leads to $leads where a browser sees $asked at $seen',
    async ({ asked, seen, prefix, leads }) => {
      await world.route('digits', { 'digits-v1': 1 });

      const headers = { accept: 'text/html', ...(prefix && { 'x-forwarded-prefix': prefix }) };
      const page = await (await world.call(asked, { headers })).body.text();

      const link = /<a href="([^"]+)">/.exec(page)?.[1] ?? '';
      expect(new URL(link, `http://front.test${seen}`).pathname).toBe(leads);
    },
  );

  it('names its models’ paths below the prefix of a proxy in front', async () => {
    await world.route('digits', { 'digits-v1': 1 });

    const answer = await world.call('/', { headers: { 'x-forwarded-prefix': '/ml' } });

    expect(await answer.body.json()).toEqual({
      models: [{ name: 'digits', path: '/ml/models/digits' }],
    });
  });

  it.each([
    ['/models/digts/ping', 'did you mean /models/digits? else call /models/<name>/…'],
    ['/models/DIGITS', 'did you mean /models/digits? '],
    ['/digits/invocations', 'did you mean /models/digits? '],
    ['/models/zebra', 'call /models/<name>/…'],
    ['/nowhere', 'call /models/<name>/…'],
  ])('names the model that %s was meant to be: %s', async (path, fix) => {
    await world.route('digits', { 'digits-v1': 1 });

    const answer = await world.call(path);

    expect(await answer.body.json()).toMatchObject({
      error: 'no model is served here',
      fix: expect.stringContaining(fix),
    });
  });
});

it.each(['/models/nobody/v1/completions', '/models/nobody/embeddings?a=b'])(
  'says at %s in words that clients of OpenAI’s API show what is wrong',
  async (path) => {
    await world.route('digits', { 'digits-v1': 1 });

    const answer = await world.call(path, { method: 'POST', body: '{}' });

    expect(answer.statusCode).toBe(404);
    expect(await answer.body.json()).toEqual({
      error: {
        message: expect.stringMatching(/^no model is served here; .*call \/models\/<name>\//),
        type: 'invalid_request_error',
        param: null,
        code: null,
      },
      models: ['digits'],
    });
  },
);

it('of many models, an answer to one that is not there names the twenty most like it, and how many more there are', async () => {
  const others = Array.from({ length: 1_030 }, (_, index) => `other-${index}`);
  for (const name of [...others, 'digits']) await world.route(name, { [`${name}-v1`]: 1 });

  const { body } = await world.call('/models/digts/ping');

  const { models, ...said } = z
    .looseObject({ models: z.array(z.string()) })
    .parse(await body.json());
  expect(said).toMatchObject({
    fix: expect.stringContaining('`slipway status` names 1,011 more, and says what became'),
  });
  expect(models).toHaveLength(20);
  expect(models[0]).toBe('digits');
});

describe('an answer names the revision that the gateway chose', () => {
  it('also when the server of the model names another', async () => {
    await world.revisions.serve('digits-v1', (_, response) =>
      response.writeHead(200, { 'X-Slipway-Revision': 'digits-v9' }).end(),
    );
    await world.route('digits', { 'digits-v1': 1 });

    const answer = await world.call('/models/digits/');

    expect(answer.headers['x-slipway-revision']).toBe('digits-v1');
  });

  it('as often as its share says', async () => {
    await world.revisions.serve('digits-v1', (_, response) => response.end());
    await world.revisions.serve('digits-v2', (_, response) => response.end());
    await world.route('digits', { 'digits-v1': 90, 'digits-v2': 10 });

    let second = 0;
    for (let calls = 0; calls < 50; calls += 1) {
      const { headers, body } = await world.call('/models/digits/');
      await body.dump();
      if (headers['x-slipway-revision'] === 'digits-v2') second += 1;
    }

    expect(second).toBe(5);
  });
});

describe('starting and stopping', () => {
  it('moves to the next port when the one it wants is busy', async () => {
    const taken = Number(new URL(world.gateway.origin).port);
    const database = new DatabaseSync(':memory:');

    const second = await startGateway({
      host: '127.0.0.1',
      port: taken,
      revisions: world.host,
      database,
      clock: world.clock,
    });

    expect(Number(new URL(second.origin).port)).toBeGreaterThan(taken);
    await second.close();
  });

  it('routes after a restart as it did before', async () => {
    const database = new DatabaseSync(':memory:');
    await world.revisions.serve('digits-v1', (_, response) => response.end());
    const { host: revisions, clock } = world;
    const options = { host: '127.0.0.1', port: 0, revisions, database, clock };
    const first = await startGateway(options);
    await first.router.setShares('digits', { 'digits-v1': 1 }, {}, 1);
    await first.close();

    const second = await startGateway(options);
    const answer = await fetch(`${second.origin}/models/digits/`);

    expect(answer.headers.get('x-slipway-revision')).toBe('digits-v1');
    await second.close();
  });

  it('lets a request in flight end before it closes', async () => {
    const arrived = createServer();
    await world.revisions.serve('digits-v1', (_, response) => arrived.emit('arrival', response));
    await world.route('digits', { 'digits-v1': 1 });
    const calling = world.call('/models/digits/');
    const [response] = await once(arrived, 'arrival');

    const closing = world.gateway.close();
    response.end('whole');

    expect(await (await calling).body.text()).toBe('whole');
    await closing;
  });

  it('does not wait for a connection that never asked anything', async () => {
    const { hostname, port } = new URL(world.gateway.origin);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    await (await world.call('/nothing')).body.dump();

    // Its grace never ends here, so that only the sweep of idle connections can do this.
    await expect(world.gateway.close()).resolves.toBeUndefined();
  });

  it('cuts a request that is still in flight after five seconds', async () => {
    const arrived = createServer();
    await world.revisions.serve('digits-v1', (_, response) => arrived.emit('arrival', response));
    await world.route('digits', { 'digits-v1': 1 });
    const calling = world.call('/models/digits/').catch(() => 'cut');
    await once(arrived, 'arrival');

    const closing = world.gateway.close();
    world.timers.advance(4_999);
    const during = world.gateway.inFlight('digits-v1');
    world.timers.advance(1);

    expect(during).toBe(1);
    expect(await calling).toBe('cut');
    await closing;
  });

  it('counts the requests that a revision is answering', async () => {
    const arrived = createServer();
    await world.revisions.serve('digits-v1', (_, response) => arrived.emit('arrival', response));
    await world.route('digits', { 'digits-v1': 1 });
    const before = world.gateway.inFlight('digits-v1');
    const calling = world.call('/models/digits/');
    const [response] = await once(arrived, 'arrival');
    const during = world.gateway.inFlight('digits-v1');

    response.end();
    await (await calling).body.dump();

    expect([before, during, world.gateway.inFlight('digits-v1')]).toEqual([0, 1, 0]);
  });
});
