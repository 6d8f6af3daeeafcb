import { EventEmitter, once } from 'node:events';
import { type IncomingMessage, request as nodeRequest, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { eventually } from '../../support/eventually.ts';
import { type GatewayWorld, gatewayWorld } from '../../support/gateway-world.ts';
import { exchangeBytes } from '../../support/real-revisions.ts';

let world: GatewayWorld;

beforeEach(async () => {
  world = await gatewayWorld();
  await world.route('digits', { 'digits-v1': 1 });
});

afterEach(() => world.close());

const LIMITS = { maxRequestBytes: 1_048_576, maxResponseBytes: 1_048_576, timeoutMs: 200 };

const post = (headers: Record<string, string | number> = {}) =>
  nodeRequest(`${world.gateway.origin}/models/digits/`, { method: 'POST', headers }).on(
    'error',
    () => {},
  );

const answerOf = async (sending: ReturnType<typeof post>): Promise<IncomingMessage> => {
  const [answer] = await once(sending, 'response');
  return answer;
};

describe('413: the body is too large', () => {
  it('is said at once when its length is declared, and the client may go on with the connection', async () => {
    await world.revisions.serve('digits-v1', (request, response) => request.pipe(response), LIMITS);

    const answer = await world.call('/models/digits/', {
      method: 'POST',
      body: 'x'.repeat(1_048_577),
    });

    expect(answer.statusCode).toBe(413);
    expect(answer.headers['x-slipway-revision']).toBe('digits-v1');
    expect(answer.headers['connection']).toBe('keep-alive');
    expect(await answer.body.json()).toEqual({
      error: 'the body is over 1 MB, the limit of Lambda behind API Gateway',
      fix: expect.any(String),
    });
    expect(world.revisions.releases('digits-v1')).toEqual([]);
  });

  it('is said before the body is sent to a client that waits for leave', async () => {
    await world.revisions.serve('digits-v1', (request, response) => request.pipe(response), LIMITS);
    const sending = post({ expect: '100-continue', 'content-length': 2_000_000 });
    let isAllowed = false;
    sending.on('continue', () => {
      isAllowed = true;
    });

    sending.flushHeaders();
    const answer = await answerOf(sending);

    expect(answer.statusCode).toBe(413);
    expect(answer.headers.connection).toBe('close');
    expect(isAllowed).toBe(false);
    sending.destroy();
  });

  it('is said when a chunked body goes over the limit, and the model gets none of the rest', async () => {
    let seenBytes = 0;
    await world.revisions.serve(
      'digits-v1',
      (request) => request.on('data', (chunk) => (seenBytes += chunk.length)).on('error', () => {}),
      LIMITS,
    );
    const sending = post();

    sending.write(Buffer.alloc(1_000_000));
    sending.write(Buffer.alloc(1_000_000));
    const answer = await answerOf(sending);

    expect(answer.statusCode).toBe(413);
    expect(seenBytes).toBeLessThanOrEqual(LIMITS.maxRequestBytes);
    expect(world.revisions.releases('digits-v1')).toEqual(['aborted']);
    sending.end();
  });

  it('is not said of a body that just fits', async () => {
    await world.revisions.serve('digits-v1', (request, response) => request.pipe(response), LIMITS);

    const answer = await world.call('/models/digits/', {
      method: 'POST',
      body: 'x'.repeat(1_048_576),
    });

    expect(answer.statusCode).toBe(200);
    expect((await answer.body.text()).length).toBe(1_048_576);
  });
});

describe('a client that is refused while it sends can go on with its connection', () => {
  it.each([
    { name: 'after 413', listener: () => {}, chunks: 20 },
    {
      name: 'after 502',
      listener: (request: IncomingMessage) => request.socket.destroy(),
      chunks: 10,
    },
    { name: 'after 504', listener: () => {}, chunks: 10 },
    { name: 'when nothing listens, after 502', listener: null, chunks: 10 },
  ])('$name', async ({ name, listener, chunks }) => {
    await world.revisions.serve('digits-v1', listener ?? (() => {}), LIMITS);
    if (listener === null) await world.revisions.close();
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;

    const received = await exchangeBytes(
      world.gateway.origin,
      'POST /models/digits/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n' +
        `${chunk.repeat(chunks)}0\r\n\r\n` +
        'GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    );

    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual([
      `HTTP/1.1 ${name.slice(-3)}`,
      'HTTP/1.1 404',
    ]);
  });
});

describe('a revision that gives no process', () => {
  it.each([
    { status: 429, error: 'digits-v1 answers 10 requests, its limit', retryAfter: '1' },
    { status: 502, error: 'its process died at once', retryAfter: undefined },
    { status: 503, error: 'digits-v1 is stopped', retryAfter: undefined },
    { status: 504, error: 'no process of digits-v1 got ready', retryAfter: undefined },
  ] as const)('is answered $status with the reason', async ({ status, error, retryAfter }) => {
    await world.revisions.serve('digits-v1', (_, response) => response.end());
    world.revisions.refuse('digits-v1', { status, error });

    const answer = await world.call('/models/digits/');

    expect(answer.statusCode).toBe(status);
    expect(answer.headers['retry-after']).toBe(retryAfter);
    expect(answer.headers['x-slipway-revision']).toBe('digits-v1');
    expect(await answer.body.json()).toEqual({ error });
  });

  it('is answered 503 when the model is routed to a revision that is not there', async () => {
    const answer = await world.call('/models/digits/');

    expect(answer.statusCode).toBe(503);
    expect(await answer.body.json()).toEqual({ error: 'there is no revision digits-v1 here' });
  });

  it('is answered 404 on the test path of a revision that is not there', async () => {
    const answer = await world.call('/_candidate/digits-v7/ping');

    expect(answer.statusCode).toBe(404);
    expect(await answer.body.json()).toEqual({ error: 'there is no revision digits-v7 here' });
  });

  it('is answered 500 when it cannot be asked', async () => {
    await world.revisions.serve('digits-v1', (_, response) => response.end());
    world.revisions.invoke = () => Promise.reject(new Error('out of file descriptors'));

    const answer = await world.call('/models/digits/');

    expect(answer.statusCode).toBe(500);
    expect(await answer.body.json()).toEqual({ error: 'out of file descriptors' });
  });
});

describe('502: the model gave no whole answer', () => {
  it('says why its process ended, though that is known a moment later', async () => {
    await world.revisions.serve('digits-v1', () =>
      world.revisions.crash('digits-v1', 'out of memory, its limit is 512 MiB'),
    );

    const answer = await world.call('/models/digits/', { method: 'POST', body: 'x' });

    expect(answer.statusCode).toBe(502);
    expect(answer.headers['x-slipway-revision']).toBe('digits-v1');
    expect(await answer.body.json()).toEqual({
      error:
        'the process of digits-v1 ended before it answered: out of memory, its limit is 512 MiB',
    });
    expect(world.revisions.releases('digits-v1')).toEqual(['aborted']);
  });

  it('says that the connection broke when the process lives on', async () => {
    await world.revisions.serve('digits-v1', (request) => request.socket.destroy());

    const answer = await world.call('/models/digits/');

    expect(answer.statusCode).toBe(502);
    expect(await answer.body.json()).toEqual({
      error: 'digits-v1 gave no whole answer: other side closed',
    });
  });

  it('is answered while the client is still sending', async () => {
    await world.revisions.serve('digits-v1', (request) => request.socket.destroy());
    const sending = post({ 'content-length': 100 });

    sending.write('the first part');
    const answer = await answerOf(sending);

    expect(answer.statusCode).toBe(502);
    sending.end('x'.repeat(86));
  });

  it('is answered when nothing listens any more', async () => {
    await world.revisions.serve('digits-v1', (_, response) => response.end());
    await world.revisions.close();

    const answer = await world.call('/models/digits/');

    expect(answer.statusCode).toBe(502);
    expect(await answer.body.json()).toMatchObject({
      error: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('is answered for an answer whose declared length is over the limit', async () => {
    await world.revisions.serve(
      'digits-v1',
      (_, response) => response.writeHead(200, { 'content-length': 1_048_577 }).flushHeaders(),
      LIMITS,
    );

    const answer = await world.call('/models/digits/');

    expect(answer.statusCode).toBe(502);
    expect(await answer.body.json()).toMatchObject({
      error: 'the answer of digits-v1 is over 1 MB, the limit of Lambda behind API Gateway',
    });
  });
});

describe('an answer that has begun is cut, so that its client sees it is not whole', () => {
  it.each([
    {
      name: 'when the process dies',
      go: () => world.revisions.crash('digits-v1', 'killed'),
      released: 'aborted',
    },
    {
      name: 'when it grows over the limit',
      go: (response: ServerResponse) => response.write('x'.repeat(1_100_000)),
      released: 'aborted',
    },
    { name: 'when its time is over', go: () => {}, released: 'timeout' },
  ])('$name', async ({ go, released }) => {
    const arrivals = new EventEmitter();
    const arriving = once(arrivals, 'arrival');
    await world.revisions.serve(
      'digits-v1',
      (_, response) => arrivals.emit('arrival', response),
      LIMITS,
    );
    const calling = world.call('/models/digits/');
    const [response] = await arriving;
    response.write('begun');
    const answer = await calling;

    go(response);

    await expect(answer.body.text()).rejects.toThrow();
    await eventually(() => world.revisions.releases('digits-v1').length > 0);
    expect(world.revisions.releases('digits-v1')).toEqual([released]);
  });
});

describe('504: the model took too long', () => {
  it('is said after its time, and its process is given back as overdue', async () => {
    await world.revisions.serve('digits-v1', () => {}, LIMITS);

    const answer = await world.call('/models/digits/', { method: 'POST', body: 'x' });

    expect(answer.statusCode).toBe(504);
    expect(await answer.body.json()).toMatchObject({
      error: 'digits-v1 did not answer within 0.2 s',
    });
    expect(world.revisions.releases('digits-v1')).toEqual(['timeout']);
  });

  it('is 408 when the client was slow to send, and the process is not to blame', async () => {
    await world.revisions.serve('digits-v1', () => {}, LIMITS);
    const sending = post({ 'content-length': 10 });

    sending.write('half');
    const answer = await answerOf(sending);

    expect(answer.statusCode).toBe(408);
    expect(await json(answer)).toEqual({ error: 'the request did not arrive within 0.2 s' });
    expect(world.revisions.releases('digits-v1')).toEqual(['aborted']);
    sending.end('x'.repeat(6));
  });
});
