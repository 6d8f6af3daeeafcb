import {
  createServer,
  type IncomingMessage,
  request as nodeRequest,
  type ServerResponse,
} from 'node:http';
import { buildConnector, Pool } from 'undici';
import { type Ending, type Exchange, relay } from '#adapters/local/gateway/proxy.ts';
import { listen } from '#adapters/local/http/listen.ts';
import { fakeTimers } from '../../../support/clock/fake-timers.ts';

const ADDRESS = { host: '127.0.0.1', port: 0 };
const LIMITS = { maxRequestBytes: 100, timeoutMs: 5_000 };
const timers = fakeTimers();

it('a request whose client leaves while the process is being connected is never sent', async () => {
  const urls: (string | undefined)[] = [];
  const model = createServer((request, response) => {
    urls.push(request.url);
    response.end();
  });
  const { promise: isOpen, resolve: open } = Promise.withResolvers<void>();
  const connectNow = buildConnector({});
  const upstream = new Pool(`http://127.0.0.1:${await listen(model, ADDRESS)}`, {
    connect: (options, done) => void isOpen.then(() => connectNow(options, done)),
  });
  const { promise: ended, resolve: end } = Promise.withResolvers<Ending>();
  const front = createServer(async (request, response) => {
    const exchange = exchangeOf(request, response);
    const relaying = relay({ ...exchange, path: '/left', upstream });
    request.socket.destroy();
    end(await relaying);
  });
  const client = nodeRequest(`http://127.0.0.1:${await listen(front, ADDRESS)}`).end();
  client.on('error', () => {});
  const ending = await ended;

  open();
  const next = await upstream.request({ path: '/next', method: 'GET' });
  await next.body.dump();

  expect(ending).toEqual({ kind: 'abandoned' });
  expect(urls).toEqual(['/next']);
  await upstream.destroy();
  for (const server of [model, front]) server.close();
});

it('a request that was answered leaves no listener on its connection and no timer', async () => {
  const model = createServer((_, response) => response.end('x'));
  const upstream = new Pool(`http://127.0.0.1:${await listen(model, ADDRESS)}`);
  const held: number[][] = [];
  const front = createServer(async (request, response) => {
    held.push([request.socket.listenerCount('close'), timers.leftMs().length]);
    await relay({ ...exchangeOf(request, response), upstream });
  });
  const origin = `http://127.0.0.1:${await listen(front, ADDRESS)}`;

  for (let calls = 0; calls < 3; calls += 1) await (await fetch(origin)).text();

  expect(held).toEqual([held[0], held[0], held[0]]);
  await upstream.destroy();
  for (const server of [model, front]) server.close();
});

function exchangeOf(
  request: IncomingMessage,
  response: ServerResponse,
): Omit<Exchange, 'upstream'> {
  return {
    request,
    response,
    path: '/',
    front: { protocol: 'http', host: 'front.example', prefix: '' },
    prefix: '/models/digits',
    body: null,
    revision: 'digits-v1',
    mechanism: 'function',
    limits: LIMITS,
    endMs: timers.nowMs() + LIMITS.timeoutMs,
    timers,
    onRecall: () => {},
  };
}
