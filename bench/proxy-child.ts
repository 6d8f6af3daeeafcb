// A proxy in a separate process, for bench/gateway-cpu.ts: `gateway` is Slipway's, `bare` the same server and client of HTTP with nothing between them, `http-proxy-3` the package. Sends its origin to its parent.
import { Agent, createServer, type RequestListener } from 'node:http';
import { DatabaseSync } from 'node:sqlite';
import { Pool } from 'undici';
import { systemClock } from '#adapters/clocks.ts';
import { startGateway } from '#adapters/local/gateway/gateway.ts';
import type { RevisionHost } from '#adapters/local/revisions/invocation.ts';
import { listen } from '../src/adapters/local/http/listen.ts';

const [, , kind = '', backend = ''] = process.argv;
const ADDRESS = { host: '127.0.0.1', port: 0 };

type HttpProxy3 = {
  createProxyServer(options: object): { readonly web: RequestListener };
};

const KINDS = { gateway, bare, 'http-proxy-3': httpProxy };
process.send?.(await KINDS[kind as keyof typeof KINDS]());

async function gateway(): Promise<string> {
  const limits = { maxRequestBytes: 1e7, timeoutMs: 900_000 };
  const revisions: RevisionHost = {
    limits: () => limits,
    occupancy: () => ({ instances: 1, waiting: 0 }),
    placement: () => ({ target: 'fargate' }),
    invoke: async () => ({
      kind: 'slot',
      origin: backend,
      release: () => {},
      diagnosis: () => undefined,
      isRepeatable: () => true,
      onRecall: () => {},
    }),
  };
  const database = new DatabaseSync(':memory:');
  const clock = systemClock;
  const started = await startGateway({ ...ADDRESS, revisions, database, clock });
  await started.router.setShares('digits', { 'digits-v1': 1 }, {}, 1);
  return started.origin;
}

/** The least that a gateway of Node and undici can cost: it hands on short bodies, and no headers of the client. */
async function bare(): Promise<string> {
  const pool = new Pool(backend);
  const server = createServer((request, response) => {
    const relay = () => {
      const body: Buffer | null = request.read();
      if (body === null) return request.once('readable', relay);
      const length = String(body.length);
      const headers = { 'content-type': 'application/json', 'content-length': length };
      return pool.dispatch(
        { path: request.url ?? '', method: 'POST', headers, body },
        {
          onRequestStart: () => {},
          onResponseStart: (_, status, answered) => void response.writeHead(status, answered),
          onResponseData: (_, chunk) => void response.write(chunk),
          onResponseEnd: () => void response.end(),
          onResponseError: () => void response.destroy(),
        },
      );
    };
    setImmediate(relay);
  });
  return `http://127.0.0.1:${await listen(server, ADDRESS)}`;
}

/** http-proxy-3 with kept connections, its best setting. */
async function httpProxy(): Promise<string> {
  const path = process.env['HTTP_PROXY_3'] ?? 'http-proxy-3';
  const { createProxyServer }: HttpProxy3 = await import(path);
  const proxy = createProxyServer({ target: backend, agent: new Agent({ keepAlive: true }) });
  const server = createServer((request, response) => proxy.web(request, response));
  return `http://127.0.0.1:${await listen(server, ADDRESS)}`;
}
