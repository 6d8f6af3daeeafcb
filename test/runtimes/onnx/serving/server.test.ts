import { once } from 'node:events';
import { type ClientRequest, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { readConfig } from '../../../../runtimes/onnx/config.ts';
import { requestId } from '../../../../runtimes/onnx/protocols/api-gateway.ts';
import type { Call } from '../../../../runtimes/onnx/serving/route.ts';
import { createRoutes } from '../../../../runtimes/onnx/serving/routes.ts';
import { createModelServer } from '../../../../runtimes/onnx/serving/server.ts';
import { createQueue } from '../../../../runtimes/onnx/session/queue.ts';
import type { Session } from '../../../../runtimes/onnx/session/session.ts';
import { eventually } from '../../../support/clock/eventually.ts';

const FP32 = { datatype: 'FP32', shape: [-1] } as const;

/** A model whose runs wait at a gate, and are counted. */
function gatedModel() {
  const queue = createQueue(100);
  const gate = Promise.withResolvers<void>();
  let runs = 0;
  const session: Session = {
    signature: { inputs: [{ name: 'x', ...FP32 }], outputs: [{ name: 'y', ...FP32 }] },
    run: (_, isGone) =>
      queue.run(async () => {
        runs += 1;
        await gate.promise;
        return [{ name: 'y', datatype: 'FP32', shape: [1], data: new Float32Array([runs]) }];
      }, isGone),
    idle: queue.idle,
  };
  return { session, runs: () => runs, open: gate.resolve };
}

it('requests whose clients have gone before their turn are not run', async () => {
  const { session, runs, open } = gatedModel();
  const config = readConfig({ MODEL_PATH: 'm.onnx', MODEL_NAME: 'm' });
  const server = createModelServer(
    createRoutes(config, () => session),
    config,
  );
  let arrived = 0;
  let left = 0;
  server.on('request', (_, response) => {
    arrived += 1;
    response.once('close', () => {
      left += 1;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ask = (): ClientRequest => {
    const { port } = server.address() as AddressInfo;
    const call = request({ port, path: '/invocations', method: 'POST' });
    return call.on('error', () => undefined).end('{"inputs":[2]}');
  };
  const first = once(ask(), 'response');
  await eventually(() => runs() === 1);
  const abandoned = Array.from({ length: 5 }, ask);
  await eventually(() => arrived === 6);
  for (const each of abandoned) each.destroy();
  await eventually(() => left === 5);

  open();
  await text((await first)[0]);
  const [next] = await once(ask(), 'response');

  expect(JSON.parse(await text(next))).toEqual({ predictions: [2] });
  server.closeAllConnections();
  server.close();
});

it.each([
  { where: 'on Lambda', env: { AWS_LAMBDA_FUNCTION_NAME: 'f' }, said: 'of the adapter' },
  { where: 'in a container', env: {}, said: 'of the API' },
])('$where a client’s word for its request is not believed', async ({ env, said }) => {
  const seen: unknown[] = [];
  const answer = async ({ header }: Call) => {
    seen.push(requestId(header), header('x-slipway-key-id') ?? 'no key');
    return { status: 200, body: '{}' };
  };
  Object.assign(process.env, env);
  const routes = new Map([['/ids', { method: 'GET', answer }]] as const);
  const server = createModelServer(routes, readConfig({ MODEL_PATH: 'm.onnx', MODEL_NAME: 'm' }));
  delete process.env['AWS_LAMBDA_FUNCTION_NAME'];
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const both = {
    'x-amzn-request-context': '{"requestId":"adapter"}',
    'x-slipway-request-id': 'api',
    'x-slipway-key-id': 'victim',
  };

  await once(request({ port, path: '/ids', headers: both }).end(), 'response');

  expect(seen).toEqual(said === 'of the API' ? ['api', 'victim'] : ['adapter', 'no key']);
  server.closeAllConnections();
  server.close();
});

it('what fails within the server stands in its log with the id of the request', async () => {
  const { error } = console;
  const logged: unknown[][] = [];
  console.error = (...said: unknown[]) => void logged.push(said);
  const config = readConfig({ MODEL_PATH: 'm.onnx', MODEL_NAME: 'm' });
  const failure = new Error('the disk is gone');
  const route = { method: 'GET', answer: () => Promise.reject(failure) } as const;
  const server = createModelServer(new Map([['/fails', route]]), config);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ask = (headers: Record<string, string>) =>
    fetch(`http://127.0.0.1:${port}/fails`, { headers });
  const ofApi = { 'x-slipway-request-id': 'api-1' };

  const statuses = [
    (await ask({ 'x-request-id': 'order-7', ...ofApi })).status,
    (await ask({ 'x-request-id': 'a "b"' })).status,
    (await ask(ofApi)).status,
    (await ask({ 'x-amzn-request-context': '{"requestId":"mine"}' })).status,
  ];

  expect(statuses).toEqual([500, 500, 500, 500]);
  expect(logged).toEqual([
    ['request order-7:', failure],
    ['a request:', failure],
    ['request api-1:', failure],
    ['a request:', failure],
  ]);
  console.error = error;
  server.closeAllConnections();
  server.close();
});

it('keys of callers are gone before a handler sees the request', async () => {
  const seen: unknown[] = [];
  const answer = async ({ header }: Call) => {
    seen.push(['authorization', 'x-api-key', 'x-other'].map(header));
    return { status: 200, body: '{}' };
  };
  const routes = new Map([['/keys', { method: 'GET', answer }]] as const);
  const server = createModelServer(routes, readConfig({ MODEL_PATH: 'm.onnx', MODEL_NAME: 'm' }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const headers = { authorization: 'Bearer slw_1', 'x-api-key': 'slw_1', 'x-other': 'kept' };

  await once(request({ port, path: '/keys', headers }).end(), 'response');

  expect(seen).toEqual([[undefined, undefined, 'kept']]);
  server.closeAllConnections();
  server.close();
});
