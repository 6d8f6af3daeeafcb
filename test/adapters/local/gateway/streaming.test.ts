import { EventEmitter, once } from 'node:events';
import { type IncomingMessage, request as nodeRequest, type ServerResponse } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import { eventually } from '../../../support/clock/eventually.ts';
import { exchangeBytes } from '../../../support/gateway/raw-http.ts';
import { type GatewayWorld, gatewayWorld } from '../../../support/gateway/world.ts';

let world: GatewayWorld;
let arrivals: EventEmitter;

beforeEach(async () => {
  world = await gatewayWorld();
  arrivals = new EventEmitter();
  await world.route('digits', { 'digits-v1': 1 });
});

afterEach(() => world.close());

/** A model's server that leaves each request to the test. */
const serveByHand = () =>
  world.revisions.serve('digits-v1', (request, response) =>
    arrivals.emit('arrival', request, response),
  );

const nextArrival = async (): Promise<[IncomingMessage, ServerResponse]> => {
  const [request, response] = await once(arrivals, 'arrival');
  return [request, response];
};

const serveEcho = () =>
  world.revisions.serve('digits-v1', (request, response) => {
    response.writeHead(200, { framing: request.headers['content-length'] ?? 'chunked' });
    request.pipe(response);
  });

describe('a body reaches the model whole', () => {
  it('when its length is declared', async () => {
    await serveEcho();

    const answer = await world.call('/models/digits/', {
      method: 'POST',
      body: 'x'.repeat(300_000),
    });

    expect(answer.headers['framing']).toBe('300000');
    expect((await answer.body.text()).length).toBe(300_000);
  });

  it('when it is chunked', async () => {
    await serveEcho();
    const sending = nodeRequest(`${world.gateway.origin}/models/digits/`, { method: 'POST' });

    for (const part of ['one ', 'two ', 'three']) sending.write(part);
    sending.end();
    const [answer] = await once(sending, 'response');

    expect(await textOf(answer)).toBe('one two three');
  });

  it('when it is empty', async () => {
    await serveEcho();

    const answer = await world.call('/models/digits/', { method: 'POST', body: '' });

    expect(answer.statusCode).toBe(200);
    expect(await answer.body.text()).toBe('');
  });

  it('after leave to send it, when its client waits for that', async () => {
    await serveEcho();
    const sending = nodeRequest(`${world.gateway.origin}/models/digits/`, {
      method: 'POST',
      headers: { expect: '100-continue', 'content-length': 5 },
    });
    sending.flushHeaders();

    await once(sending, 'continue');
    sending.end('hello');
    const [answer] = await once(sending, 'response');

    expect(await textOf(answer)).toBe('hello');
  });
});

describe('an answer reaches the client as it comes', () => {
  it('event by event', async () => {
    await serveByHand();
    const arriving = nextArrival();
    const calling = world.call('/models/digits/');
    const [, response] = await arriving;
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();

    const answer = await calling;
    const events = answer.body.setEncoding('utf8')[Symbol.asyncIterator]();

    expect(answer.headers['content-type']).toBe('text/event-stream');
    for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
      response.write(event);
      expect((await events.next()).value).toBe(event);
    }
    response.end();
    expect((await events.next()).done).toBe(true);
  });

  it('with its length and no body for HEAD', async () => {
    await world.revisions.serve('digits-v1', (request, response) =>
      response.writeHead(200, { 'content-length': 9, method: request.method }).end('invisible'),
    );

    const answer = await world.call('/models/digits/', { method: 'HEAD' });

    expect(answer.headers).toMatchObject({ method: 'HEAD', 'content-length': '9' });
    expect(await answer.body.text()).toBe('');
  });

  it.each([
    { status: 204, headers: {} },
    { status: 304, headers: { 'content-length': 9 } },
  ])('without a body for $status', async ({ status, headers }) => {
    await world.revisions.serve('digits-v1', (_, response) =>
      response.writeHead(status, headers).end(),
    );

    const answer = await world.call('/models/digits/');

    expect(answer.statusCode).toBe(status);
    expect(await answer.body.text()).toBe('');
  });

  it('in a form that HTTP/1.0 understands', async () => {
    await world.revisions.serve('digits-v1', (_, response) => {
      response.write('in ');
      response.end('parts');
    });

    const received = await exchangeBytes(
      world.gateway.origin,
      'GET /models/digits/ HTTP/1.0\r\n\r\n',
    );

    expect(received).toMatch(/\r\n\r\nin parts$/);
    expect(received.toLowerCase()).not.toContain('transfer-encoding');
  });
});

describe('connections are kept', () => {
  it('of a client across requests, answers of all kinds included', async () => {
    await serveEcho();
    const text = (path: string, more = '') =>
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;

    const received = await exchangeBytes(
      world.gateway.origin,
      text('/models/digits/') + text('/nothing') + text('/models/digits/', 'Connection: close\r\n'),
    );

    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual([
      'HTTP/1.1 200',
      'HTTP/1.1 404',
      'HTTP/1.1 200',
    ]);
  });

  it('to a model across requests', async () => {
    const ports = new Set<number | undefined>();
    await world.revisions.serve('digits-v1', (request, response) => {
      ports.add(request.socket.remotePort);
      request.pipe(response);
    });

    for (let calls = 0; calls < 5; calls += 1) {
      await (await world.call('/models/digits/', { method: 'POST', body: 'x' })).body.dump();
    }

    expect(ports.size).toBe(1);
  });

  it('to a model that closed its own, by a new one', async () => {
    await world.revisions.serve('digits-v1', (request, response) => {
      response.end();
      response.on('finish', () => request.socket.destroy());
    });

    for (let calls = 0; calls < 5; calls += 1) {
      const answer = await world.call('/models/digits/', { method: 'POST', body: 'x' });
      await answer.body.dump();
      expect(answer.statusCode).toBe(200);
      await eventually(() => world.revisions.connections('digits-v1') === 0);
    }
  });
});
