import { once } from 'node:events';
import { type IncomingMessage, request as nodeRequest } from 'node:http';
import { json, text } from 'node:stream/consumers';
import { eventually } from '../../../support/clock/eventually.ts';
import { openArrivals } from '../../../support/gateway/arrivals.ts';
import { exchangeBytes } from '../../../support/gateway/raw-http.ts';
import { type GatewayWorld, gatewayWorld } from '../../../support/gateway/world.ts';

let world: GatewayWorld;

beforeEach(async () => {
  world = await gatewayWorld();
  await world.route('digits', { 'digits-v1': 1 });
});

afterEach(() => world.close());

const LIMITS = { maxRequestBytes: 1_048_576, timeoutMs: 200 };

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
      error:
        "the body is over 1 MB, the most that Slipway's gateway on this machine takes of a request",
      fix: expect.stringMatching(/^send less at once, .* in AWS .* 4\.5 MB on Lambda$/),
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

  it('is said when a chunked body goes over the limit, and the model gets none of it', async () => {
    let requests = 0;
    await world.revisions.serve('digits-v1', () => (requests += 1), LIMITS);
    const sending = post();

    sending.write(Buffer.alloc(1_000_000));
    sending.write(Buffer.alloc(1_000_000));
    const answer = await answerOf(sending);

    expect(answer.statusCode).toBe(413);
    expect(requests).toBe(0);
    expect(world.revisions.releases('digits-v1')).toEqual([]);
    sending.end();
  });

  it('is said of a chunked body that comes at once, and the model gets none of it', async () => {
    let requests = 0;
    await world.revisions.serve('digits-v1', () => (requests += 1), { maxRequestBytes: 4 });
    const sending = post({ 'transfer-encoding': 'chunked' });

    sending.end('hello');
    const answer = await answerOf(sending);

    expect(answer.statusCode).toBe(413);
    expect(requests).toBe(0);
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
    const isLate = name === 'after 504';
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;

    const exchange = exchangeBytes(
      world.gateway.origin,
      'POST /models/digits/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n' +
        `${chunk.repeat(chunks)}0\r\n\r\n` +
        'GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    );
    if (isLate) await eventually(endWhileTheModelIsSlow);

    const received = await exchange;
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual([
      `HTTP/1.1 ${name.slice(-3)}`,
      'HTTP/1.1 404',
    ]);
  });
});

/** Ends the allowed time of the one request once the model has it. */
function endWhileTheModelIsSlow(): boolean {
  const isModelSlow = world.gateway.inFlight('digits-v1') === 1;
  if (isModelSlow) world.timers.advance(LIMITS.timeoutMs);
  return isModelSlow;
}

describe('504: the model took too long', () => {
  it('is said after its time, and its process is given back as overdue', async () => {
    const arrivals = openArrivals();
    await world.revisions.serve('digits-v1', arrivals.listener, LIMITS);
    const arriving = arrivals.next();
    const calling = world.call('/models/digits/', { method: 'POST', body: 'x' });
    const [request] = await arriving;
    await text(request);

    world.timers.advance(LIMITS.timeoutMs - 1);
    expect(world.gateway.inFlight('digits-v1')).toBe(1);
    world.timers.advance(1);

    const answer = await calling;
    expect(answer.statusCode).toBe(504);
    expect(await answer.body.json()).toMatchObject({
      error: 'digits-v1 did not answer within 0.2 s',
      fix: expect.stringMatching(/^send less at once, .* `placement: { target: fargate }`/),
    });
    expect(world.revisions.releases('digits-v1')).toEqual(['timeout']);
  });

  it('is 408 when the client was slow to send, and no process was taken for it', async () => {
    const arrivals = openArrivals();
    await world.revisions.serve('digits-v1', arrivals.listener, LIMITS);
    const sending = post({ 'content-length': 10 });
    sending.write('half');
    await eventually(() => world.timers.leftMs().includes(LIMITS.timeoutMs));

    world.timers.advance(LIMITS.timeoutMs);
    const answer = await answerOf(sending);

    expect(answer.statusCode).toBe(408);
    expect(await json(answer)).toEqual({ error: 'the request did not arrive within 0.2 s' });
    expect(world.revisions.releases('digits-v1')).toEqual([]);
    expect(arrivals.responses).toEqual([]);
    sending.end('x'.repeat(6));
  });
});

describe('what Lambda alone would refuse is answered, with a warning', () => {
  const LARGE = 'x'.repeat(4_718_593);
  const echoed = async (body: string, headers = {}) => {
    await world.revisions.serve('digits-v1', (request, response) => {
      const length = request.headers['content-length'];
      response.writeHead(200, { 'content-length': length, ...headers });
      request.pipe(response);
    });
    const answer = await world.call('/models/digits/', { method: 'POST', body });
    expect((await answer.body.text()).length).toBe(body.length);
    return answer.headers['x-slipway-warning'];
  };

  it('of a request and of an answer', async () => {
    const warning = await echoed(`${LARGE}${'x'.repeat(600_000)}`);

    const takes =
      'of which Lambda in AWS takes about 4.5 MB: there `placement: { target: fargate }`';
    expect(warning).toContain(`the body of this request has 5.07 MB, ${takes}`);
    expect(warning).toContain(`; this answer has 5.07 MB, ${takes}`);
  });

  it('after what the model itself warns of', async () => {
    const warning = await echoed(LARGE, { 'x-slipway-warning': 'passed over: a' });

    expect(warning).toMatch(/^passed over: a; the body of this request has 4\.5 MB, /);
  });

  it('and not of what it takes', async () => {
    expect(await echoed(LARGE.slice(1))).toBeUndefined();
  });

  it('nor of a model in containers', async () => {
    await world.replicas.serve('digits-v1', [(request, response) => request.pipe(response)]);

    const answer = await world.call('/models/digits/', { method: 'POST', body: LARGE });

    expect(answer.headers['x-slipway-warning']).toBeUndefined();
    expect((await answer.body.text()).length).toBe(LARGE.length);
  });
});

describe('a model in containers has the limits of containers', () => {
  it('of 10 MB to a request, which its refusal names', async () => {
    await world.replicas.serve('digits-v1', [(request, response) => request.pipe(response)]);

    const over = await world.call('/models/digits/', {
      method: 'POST',
      body: Buffer.alloc(10_485_761),
    });

    expect(over.statusCode).toBe(413);
    expect(await over.body.json()).toMatchObject({
      error: expect.stringMatching(/^the body is over 10 MB, the most that Slipway's gateway/),
    });
  });

  it('and none to an answer, which is streamed', async () => {
    await world.replicas.serve('digits-v1', [
      (_, response) => response.end(Buffer.alloc(20_000_000)),
    ]);

    const answer = await world.call('/models/digits/');

    expect((await answer.body.arrayBuffer()).byteLength).toBe(20_000_000);
  });
});
