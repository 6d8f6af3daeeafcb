import { once } from 'node:events';
import { createServer, request as nodeRequest } from 'node:http';
import { buildConnector, Pool } from 'undici';
import { type Ending, relay } from '#adapters/local/gateway-proxy.ts';
import { listen } from '#adapters/local/listen.ts';

const ADDRESS = { host: '127.0.0.1', port: 0 };
const LIMITS = { maxRequestBytes: 100, maxResponseBytes: 100, timeoutMs: 5_000 };

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
    const gone = new AbortController();
    const exchange = { request, response, path: '/left', revision: 'digits-v1', limits: LIMITS };
    const relaying = relay({ ...exchange, upstream, gone: gone.signal });
    gone.abort();
    end(await relaying);
    response.end();
  });
  const client = nodeRequest(`http://127.0.0.1:${await listen(front, ADDRESS)}`).end();
  const [answer] = await once(client, 'response');
  answer.resume();

  open();
  const next = await upstream.request({ path: '/next', method: 'GET' });
  await next.body.dump();

  expect(await ended).toEqual({ kind: 'abandoned' });
  expect(urls).toEqual(['/next']);
  await upstream.destroy();
  for (const server of [model, front]) server.close();
});
