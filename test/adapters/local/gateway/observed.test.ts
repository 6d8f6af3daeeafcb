import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { httpProber } from '#adapters/local/gateway/http-prober.ts';
import { requestLog } from '#adapters/local/gateway/request-log.ts';
import { calledHours } from '#adapters/local/views/called-hours.ts';
import { trafficHistory } from '#adapters/local/views/traffic-history.ts';
import type { ModelVersion } from '#domain/deployment.ts';
import { eventually } from '../../../support/clock/eventually.ts';
import { serveMirror } from '../../../support/gateway/real-revisions.ts';
import { type GatewayWorld, gatewayWorld } from '../../../support/gateway/world.ts';

let world: GatewayWorld;
let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-observed-'));
  file = join(folder, 'requests.ndjson');
  world = await gatewayWorld({
    requestLog: requestLog(file),
    corsOrigins: ['https://app.example'],
  });
  await world.route('digits', { 'digits-v1': 1 });
});

afterEach(async () => {
  await world.close();
  await rm(folder, { recursive: true });
});

async function send(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const answer = await world.call(path, { headers, method: method as 'GET' });
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
}

describe('the id of a request', () => {
  it('goes to the server and back to the client: the client’s own', async () => {
    const seen = await serveMirror(world.revisions, 'digits-v1');

    const { headers } = await send('/models/digits/ping', { 'x-request-id': 'order-7:a' });

    expect(headers['x-request-id']).toBe('order-7:a');
    expect(seen[0]?.headers['x-request-id']).toBe('order-7:a');
  });

  it.each(['', 'a b', 'a"b', 'x'.repeat(129)])('is a new one for %j', async (given) => {
    const seen = await serveMirror(world.revisions, 'digits-v1');

    const { headers } = await send('/models/digits/ping', { 'x-request-id': given });

    expect(headers['x-request-id']).toMatch(/^[0-9a-f]{8}-[0-9a-z]+$/);
    expect(seen[0]?.headers['x-request-id']).toBe(headers['x-request-id']);
  });

  it('stands on the gateway’s own answers too', async () => {
    const { headers } = await send('/models/nobody/ping', { 'x-request-id': 'a' });

    expect(headers['x-request-id']).toBe('a');
  });
});

it('traceparent goes through to the server', async () => {
  const seen = await serveMirror(world.revisions, 'digits-v1');
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

  await send('/models/digits/ping', { traceparent });

  expect(seen[0]?.headers['traceparent']).toBe(traceparent);
});

async function probe() {
  const golden = { protocol: 'infer', body: {} } as const;
  return httpProber(world.gateway).send('/models/digits', 'digits', golden, 60_000);
}

describe('the request log', () => {
  const lines = async () => {
    await world.gateway.close();
    const text = await readFile(file, 'utf8');
    return text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  };

  it('has a line for each request, without its query', async () => {
    await serveMirror(world.revisions, 'digits-v1');
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    await send('/models/digits/v2?token=hush', { 'x-request-id': 'a', traceparent });
    await send('/_candidate/digits-v1/ping', { 'x-request-id': 'b' });
    await send('/models/nobody', { 'x-request-id': 'c' });

    expect(await lines()).toEqual([
      {
        time: '2023-11-14T22:13:20.000Z',
        id: 'a',
        method: 'GET',
        path: '/models/digits/v2',
        model: 'digits',
        revision: 'digits-v1',
        status: 200,
        ms: 0,
        trace: traceparent,
      },
      expect.objectContaining({ id: 'b', model: null, revision: 'digits-v1', status: 200 }),
      expect.objectContaining({ id: 'c', model: null, revision: null, status: 404 }),
    ]);
  });

  it('tells what Slipway asked itself from what a client did', async () => {
    await serveMirror(world.revisions, 'digits-v1');
    await send('/models/digits/ping', { 'x-slipway-probe': 'forged' });
    await probe();

    const [client, own] = await lines();

    expect(client).not.toHaveProperty('probe');
    expect(own).toMatchObject({ model: 'digits', probe: true });
  });
});

it('a server learns that Slipway itself asks, and no client passes for it', async () => {
  const seen = await serveMirror(world.revisions, 'digits-v1');
  const forged = { 'x-slipway-probe': 'forged', 'x-slipway-own': '1' };

  await probe();
  await send('/models/digits/invocations', forged, 'POST');

  const [own, client] = seen.map(({ headers }) => headers['x-slipway-own']);
  expect({ own, client }).toEqual({ own: '1', client: undefined });
});

it('what gives way to clients waits for a request of theirs, and not for a probe', async () => {
  await world.revisions.serve('digits-v1', async (request, response) => {
    await world.gateway.lull(60_000);
    response.end(request.url);
  });
  const passed: string[] = [];
  const turn = (name: string) => world.gateway.lull(50).then(() => passed.push(name));

  // The server itself waits: a probe that counted would wait for its own end.
  const own = await probe();
  const client = send('/models/digits/ping');
  await eventually(() => world.gateway.inFlight('digits-v1') === 1);
  const behind = turn('behind the client');
  world.timers.advance(49);
  expect({ own, passed }).toEqual({ own: expect.objectContaining({ status: 200 }), passed: [] });
  world.timers.advance(1);
  await behind;
  world.timers.advance(60_000);
  await client;

  expect(passed).toEqual(['behind the client']);
});

it('a probe counts for a bake, and is no answer to a client', async () => {
  await world.revisions.serve('digits-v1', (_, response) => response.writeHead(500).end());
  const digits = { revision: 'digits-v1', target: 'lambda', madeBy: 'd1' } as const;

  await probe();
  await probe();
  await send('/models/digits/invocations', { 'x-slipway-probe': 'forged' }, 'POST');

  const { metrics, clients } = world.gateway;
  expect(await metrics.traffic(digits, 0)).toEqual({ requests: 3, serverErrors: 3, refused: 0 });
  expect(await clients.traffic(digits, 0)).toEqual({ requests: 1, serverErrors: 1, refused: 0 });
});

describe('/metrics', () => {
  it('has the requests of each model and revision, by status', async () => {
    await world.revisions.serve('digits-v1', (request, response) => {
      world.timers.advance(30);
      response.writeHead(request.url === '/500' ? 500 : 200).end();
    });
    await send('/models/digits/200');
    await send('/models/digits/500');
    await send('/models/nobody');

    const { headers, text } = await send('/metrics');

    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    const of = 'model="digits",revision="digits-v1"';
    for (const line of [
      `slipway_requests_total{${of},code="200"} 1`,
      `slipway_requests_total{${of},code="500"} 1`,
      'slipway_requests_total{model="",revision="",code="404"} 1',
      `slipway_request_duration_seconds_bucket{le="0.025",${of}} 0`,
      `slipway_request_duration_seconds_bucket{le="0.05",${of}} 2`,
      `slipway_request_duration_seconds_bucket{le="+Inf",${of}} 2`,
      `slipway_request_duration_seconds_sum{${of}} 0.06`,
      `slipway_request_duration_seconds_count{${of}} 2`,
      `slipway_requests_in_flight{${of}} 0`,
      `slipway_requests_waiting{${of}} 0`,
      `slipway_instances{${of}} 1`,
      `slipway_traffic_share{${of}} 1`,
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    expect(text).toContain('# TYPE slipway_request_duration_seconds histogram');
  });

  it('counts the failures of each live revision from 0, so that Prometheus sees the first as an increase', async () => {
    await serveMirror(world.revisions, 'digits-v1');

    const { text } = await send('/metrics');

    const counted = [...text.matchAll(/^slipway_requests_total\{(.*)\} 0$/gm)];
    expect(counted.map(([, labels]) => labels)).toEqual(
      [200, 500, 502, 503, 504].map((code) => `model="digits",revision="digits-v1",code="${code}"`),
    );
  });

  it('counts no probe of its own, whose mark no server sees', async () => {
    const seen = await serveMirror(world.revisions, 'digits-v1');
    await probe();

    expect((await send('/metrics')).text).not.toMatch(/slipway_requests_total\{.*\} [1-9]/);
    expect(seen[0]?.headers).not.toHaveProperty('x-slipway-probe');
  });

  it('counts clients alone for the demand that is learnt', async () => {
    const { gateway, clock, revisions } = world;
    await serveMirror(revisions, 'digits-v1');
    const called = calledHours(new DatabaseSync(':memory:'), clock);
    const history = trafficHistory({
      database: new DatabaseSync(':memory:'),
      clock,
      families: gateway.families,
      onRequests: called.count,
    });
    history.look();
    await probe();
    await httpProber(gateway).ready('/_candidate/digits-v1', '/ping', 60_000);
    await send('/models/digits/ping', { 'x-slipway-probe': 'forged' });
    history.look();

    const live = { model: 'digits' } as ModelVersion;
    expect(await called.hours(live, 0, [])).toMatchObject([{ requests: 1, busiestMinute: 1 }]);
  });

  it.each(['/metrics/', '/metrics?module=models', '/metrics/?module=models'])(
    'is there at %s too',
    async (path) => {
      const { status, headers } = await send(path);

      expect(status).toBe(200);
      expect(headers['content-type']).toMatch(/^text\/plain/);
    },
  );

  it('counts no test path', async () => {
    await serveMirror(world.revisions, 'digits-v1');
    await send('/_candidate/digits-v1/ping');

    expect((await send('/metrics')).text).not.toMatch(/slipway_requests_total\{.*\} [1-9]/);
  });

  it('forgets a revision that is gone', async () => {
    await serveMirror(world.revisions, 'digits-v1');
    await send('/models/digits/ping');
    world.forget('digits-v1');

    expect((await send('/metrics')).text).not.toMatch(/slipway_requests_total\{model="digits"/);
  });
});

describe('a page of another origin', () => {
  const HERE = { origin: 'https://app.example' };
  const PREFLIGHT = {
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type',
  };

  it('may call where it is named', async () => {
    await world.revisions.serve('digits-v1', (_request, response) =>
      response.setHeader('vary', 'accept-encoding').end(),
    );

    const { headers } = await send('/models/digits/ping', HERE);
    const refused = await send('/models/nobody', HERE);
    const home = await send('/', HERE);
    const page = await send('/models/digits', { ...HERE, accept: 'text/html' });
    const { headers: elsewhere } = await send('/', { origin: 'https://other.example' });

    expect(headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
      'access-control-expose-headers': expect.stringContaining('x-slipway-warning'),
      vary: 'accept-encoding, origin',
    });
    expect(refused.headers['access-control-allow-origin']).toBe('https://app.example');
    expect([home, page].map(({ headers }) => headers['vary'])).toEqual([
      ['origin', 'accept'],
      ['origin', 'accept'],
    ]);
    expect(elsewhere['vary']).toBe('origin');
    expect(elsewhere).not.toHaveProperty('access-control-allow-origin');
  });

  it('is told so before it sends JSON', async () => {
    const { status, headers } = await send(
      '/models/digits/invocations',
      { ...HERE, ...PREFLIGHT },
      'OPTIONS',
    );

    expect(status).toBe(204);
    expect(headers).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-methods': 'GET, HEAD, POST',
      'access-control-allow-headers': 'content-type',
    });
  });

  it.each(['https://evil.example', 'null', 'https://app.example:8443'])(
    'of %s may not',
    async (origin) => {
      const seen = await serveMirror(world.revisions, 'digits-v1');

      const plain = await send('/models/digits/ping', { origin });
      const preflight = await send('/models/digits/ping', { origin, ...PREFLIGHT }, 'OPTIONS');

      expect(plain.headers['access-control-allow-origin']).toBeUndefined();
      expect(preflight.headers['access-control-allow-origin']).toBeUndefined();
      expect([plain.status, preflight.status]).toEqual([403, 403]);
      expect(seen).toEqual([]);
    },
  );
});
