import { connect } from 'node:net';
import packageJson from '../../../package.json' with { type: 'json' };
import { caughtUp, type ModelServer, sharedModel, startModel } from '../model-server.ts';
import type { Runtime } from '../runtime.ts';

/** Paths, methods, types, limits and turns. */
export function describeServer(runtime: Runtime): void {
  const { models, serverName } = runtime;
  const extensions = ['binary_tensor_data'];
  const SERVER = { name: serverName, version: packageJson.version, extensions };

  let server: ModelServer;
  beforeAll(async () => {
    server = await startModel(runtime, models.addConstant({ constant: 1 }), {
      MODEL_VERSION: '2',
      SLIPWAY_REVISION: 'm-v2',
      MAX_BODY_BYTES: '1000',
    });
  });

  it.each([
    { path: '/ping', json: { ready: true } },
    { path: '/health', json: { ready: true } },
    { path: '/v2/health/live', json: { live: true } },
    { path: '/v2/health/ready', json: { ready: true } },
    { path: '/v2/models/m/ready', json: { ready: true } },
    { path: '/v2/models/m/versions/2/ready?verbose=1', json: { ready: true } },
    { path: '/v2', json: SERVER },
    { path: '/v2/', json: SERVER },
  ])('$path answers $json', async ({ path, json }) => {
    const answer = await server.get(path);

    expect({ status: answer.status, json: answer.json }).toEqual({ status: 200, json });
  });

  it('no answer is taken for a page or a script that its type does not say it is', async () => {
    const answers = await Promise.all([
      server.get('/ping'),
      server.get('/nope'),
      server.post('/invocations', { inputs: [1] }),
      server.post('/invocations', '{'),
    ]);

    const options = answers.map(({ headers }) => headers.get('x-content-type-options'));
    expect(options).toEqual(answers.map(() => 'nosniff'));
  });

  describe("at the path of SageMaker's runtime", () => {
    const PATH = '/endpoints/m/invocations';

    it('it answers as at its own', async () => {
      const answer = await server.post(PATH, { inputs: [1] });

      expect(answer.json).toEqual((await server.post('/invocations', { inputs: [1] })).json);
      expect(answer.status).toBe(200);
    });

    it('it says what is wrong in the words that its clients show', async () => {
      const { json: plain } = await server.post('/invocations', { inputs: ['?'] });

      const { status, headers, json } = await server.post(PATH, { inputs: ['?'] });

      expect(status).toBe(400);
      expect(headers.get('x-amzn-errortype')).toBe('ModelError');
      expect(json).toEqual({
        ...plain,
        Message: plain.error,
        OriginalMessage: plain.error,
        OriginalStatusCode: 400,
      });
    });

    it('another endpoint is not there', async () => {
      const { status, json } = await server.post('/endpoints/other/invocations', { inputs: [1] });

      expect(status).toBe(404);
      expect(json.Message).toMatch(/^there is no \/endpoints\/other\/invocations here/);
    });
  });

  it("says which MLflow wrote its model, as MLflow's server says its own, and of other models nothing", async () => {
    const one = ['addConstant', { constant: 1 }] as const;
    const mlflow = await sharedModel(runtime, one, { MLFLOW_VERSION: '3.17.2' });

    const answer = await fetch(`${mlflow.url}/version`);

    expect(answer.headers.get('content-type')).toBe('text/plain');
    expect(await answer.text()).toBe('3.17.2');
    expect((await server.get('/version')).status).toBe(404);
  });

  it.each([
    '/v2/models/other',
    '/v2/models/m/versions/1',
    '/v2/models/m/nope',
    '/invocations/nope',
    '/%zz',
  ])('%s is not found', async (path) => {
    const answer = await server.get(path);

    expect({ status: answer.status, json: answer.json }).toEqual({
      status: 404,
      json: { error: `there is no ${path} here; the model is m, and /docs has its paths` },
    });
  });

  it('says which path asks it to who posts to one that is not there', async () => {
    const { status, json } = await server.post('/predict', { inputs: [1] });

    expect({ status, json }).toEqual({
      status: 404,
      json: {
        error:
          'there is no /predict here; POST /invocations asks the model m, and /docs has its paths',
      },
    });
  });

  it.each([
    { method: 'GET', path: '/invocations', allow: 'POST' },
    { method: 'DELETE', path: '/v2/models/m/infer', allow: 'POST' },
    { method: 'POST', path: '/ping', allow: 'GET, HEAD' },
  ])('$method $path is not allowed', async ({ method, path, allow }) => {
    const answer = await server.get(path, { method });

    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe(allow);
    expect(answer.json.error).toContain(method);
  });

  it.each([
    '/invocations/',
    '//invocations',
    '/invoc%61tions',
    '/v1/models/m%3Apredict',
    '/v1/models/m:predict/?verbose=1',
  ])('%s is a path that clients write for one that there is', async (path) => {
    const { json } = await server.post(path, { instances: [1] });

    expect(json).toEqual({ predictions: [2] });
  });

  it('rows that are sent to the address of the model are told where to go', async () => {
    const { status, json } = await server.post('/', { inputs: [1] });

    expect({ status, json }).toEqual({
      status: 405,
      json: { error: '/ takes GET, not POST; rows are answered by POST /invocations' },
    });
  });

  it('HEAD of a readable path has no body', async () => {
    const answer = await server.get('/ping', { method: 'HEAD' });

    expect({ status: answer.status, text: answer.text }).toEqual({ status: 200, text: '' });
  });

  it('names its revision on every answer, also on refusals', async () => {
    const answers = await Promise.all([
      server.get('/ping'),
      server.get('/nope'),
      server.post('/invocations', 'x'),
    ]);

    const revisions = answers.map(({ headers }) => headers.get('x-slipway-revision'));
    expect(revisions).toEqual(['m-v2', 'm-v2', 'm-v2']);
  });

  it.each([
    { header: { 'content-type': 'text/html' }, says: /text\/html.*application\/json or text\/csv/ },
    { header: { 'content-type': 'nonsense' }, says: /nonsense.*application\/json/ },
    { header: { 'content-type': 'application/json; charset=latin1' }, says: /latin1.*utf-8/ },
  ])('a body with $header is refused with 415', async ({ header, says }) => {
    const answer = await server.post('/invocations', '{"inputs":[1]}', header);

    expect({ status: answer.status, json: answer.json }).toEqual({
      status: 415,
      json: { error: expect.stringMatching(says) },
    });
  });

  it.each([
    // The type that aiohttp declares for bytes, and the empty header of some clients.
    'application/octet-stream',
    '',
  ])('a body of JSON that is called "%s" is taken', async (type) => {
    const { status, json } = await server.post('/invocations', '{"inputs":[1]}', {
      'content-type': type,
    });

    expect({ status, json }).toEqual({ status: 200, json: { predictions: [2] } });
  });

  it('OPTIONS of a path is answered by what it takes', async () => {
    const answers = [
      await server.get('/ping', { method: 'OPTIONS' }),
      await server.get('/invocations', { method: 'OPTIONS' }),
    ];

    expect(answers.map(({ status, headers }) => [status, headers.get('allow')])).toEqual([
      [405, 'GET, HEAD'],
      [405, 'POST'],
    ]);
  });

  it('a body is as large as a container may get one, unless the server is told otherwise', async () => {
    const usual = await sharedModel(runtime, ['addConstant', { constant: 1 }]);
    const most = '{"inputs":[1]}'.padEnd(10 * 1024 * 1024);

    const taken = await usual.post('/invocations', most);
    const refused = await usual.post('/invocations', `${most} `);

    expect(taken.json).toEqual({ predictions: [2] });
    expect(refused.json).toEqual({ error: 'the body is 10485761 bytes; the limit is 10485760' });
  });

  describe('a body over the limit', () => {
    it('is refused with the limit when its length is declared', async () => {
      const answer = await server.post('/invocations', 'x'.repeat(1001));

      expect({ status: answer.status, json: answer.json }).toEqual({
        status: 413,
        json: { error: 'the body is 1001 bytes; the limit is 1000' },
      });
    });

    it('is refused with the limit when it comes in chunks, and the connection serves on', async () => {
      const chunks = new ReadableStream({
        start(controller) {
          for (let i = 0; i < 64; i += 1) controller.enqueue(new Uint8Array(65_536));
          controller.close();
        },
      });
      const init: RequestInit & { duplex: 'half' } = {
        method: 'POST',
        body: chunks,
        headers: { 'content-type': 'application/json' },
        duplex: 'half',
      };

      const answer = await server.get('/invocations', init);
      const next = await server.get('/ping');

      expect(answer.status).toBe(413);
      expect(answer.json.error).toBe('the body is more than 1000 bytes; the limit is 1000');
      expect(next.status).toBe(200);
    });
  });

  it('outlives a client that goes away in the middle of its body', async () => {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.write('POST /invocations HTTP/1.1\r\nhost: m\r\ncontent-length: 900\r\n\r\n{"inputs"');
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    socket.once('close', () => resolve());
    socket.once('connect', () => socket.resetAndDestroy());
    await closed;

    const answer = await server.post('/invocations', { inputs: [1] });

    expect(answer.json).toEqual({ predictions: [2] });
    expect(server.stderr()).toBe('');
  });

  it.each(['websocket', 'h2c'])(
    'passes over an upgrade to %s, and answers the request',
    async (to) => {
      const body = '{"inputs":[1]}';
      const head = [
        'POST /invocations HTTP/1.1',
        ...['host: m', 'connection: upgrade', `upgrade: ${to}`, 'sec-websocket-version: 13'],
        ...['content-type: application/json', `content-length: ${body.length}`],
      ];
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1').setEncoding('utf8');
      socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);

      let received = '';
      for await (const text of socket) {
        received += text;
        if (/\r\n\r\n.*\}$/s.test(received)) break;
      }

      expect(received).toMatch(/^HTTP\/1\.1 200 /);
      expect(received).toContain('{"predictions":[2]}');
    },
  );

  it('lets a hundred requests wait, and says to the next when to come again', async () => {
    const busy = await startModel(runtime, models.asLongAsAsked());
    const send = () => busy.post('/invocations', { inputs: [3_600] });
    // One runs for an hour, and of the others all but one wait for it.
    const sent = Array.from({ length: 102 }, send);

    const refused = await Promise.race(sent);

    expect(refused.status).toBe(503);
    expect(refused.json).toEqual({ error: '100 requests are waiting; the limit is 100' });
    expect(refused.headers.get('retry-after')).toBe('1');
    busy.child.kill('SIGKILL');
    await Promise.allSettled(sent);
  });

  it('lets a second request wait for its turn, and answers to health meanwhile', async () => {
    const slow = await startModel(runtime, models.asLongAsAsked());
    const ended: string[] = [];
    const send = async (name: string, seconds: number) => {
      const { json } = await slow.post('/invocations', { inputs: [seconds] });
      ended.push(name);
      return json.predictions[0];
    };
    const first = send('first', 0.3);
    await caughtUp(slow);
    const second = send('second', 0);
    const [most, least] = await Promise.all([first, second]);
    void send('third', 3_600).catch(() => undefined);
    await caughtUp(slow);

    const health = await slow.get('/ping');

    expect(health.json).toEqual({ ready: true });
    expect(ended).toEqual(['first', 'second']);
    expect(least).toBeLessThan(most);
    slow.child.kill('SIGKILL');
  });
}
