import type { IncomingMessage, ServerResponse } from 'node:http';
import { LambdaClient } from '@aws-sdk/client-lambda';
import type { Integration, RouteRecord } from '#adapters/aws/api/route-records.ts';
import { frontDoorProbes } from '#adapters/aws/ecs/front-door-prober.ts';
import type { CountedAt } from '#adapters/aws/registry/probe-counts.ts';
import { awsProber } from '#adapters/aws/routes/aws-prober.ts';
import { type Behaviour, describeProber } from '../../../contracts/prober.ts';
import { signedDoor } from '../../../support/fronts/signed-door.ts';

const KEY = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' };
const ROUTES = /^\/api\/_probe(?:\/models\/digits|\/candidate\/digits-v1)(\/.*)$/;
const PING = { method: 'GET', path: '/ping' } as const;

type Answer = (request: IncomingMessage, body: string, response: ServerResponse) => void;

describe('frontDoorProbes', () => {
  async function open(answer: Answer, key = KEY) {
    const door = await signedDoor(KEY, answer);
    const { config: identity } = new LambdaClient({ region: 'eu-west-1', credentials: key });
    const probes = frontDoorProbes({ url: door.url, identity });
    return { ...door, probes };
  }

  describeProber('awsProber of containers', async () => {
    let behaviour: Behaviour = () => 'silent';
    const door = await open(balanced(() => behaviour));
    const prober = awsProber({
      functions: () => Promise.reject(new Error('no function is probed')),
      containers: door.probes,
      records: { read: async (model) => record(model, { kind: 'container' }) },
      counts: { add: async () => {} },
    });
    return {
      prober,
      addresses: {
        route: 'route:digits',
        testPath: 'container:digits-v1',
        nobody: 'route:nobody',
      },
      behave: (next) => {
        behaviour = next;
      },
      close: door.close,
    };
  });

  it('counts each probe for the revision whose target group counts it, that of the route by its answer', async () => {
    const door = await open(balanced(() => () => ({ status: 200, body: {} })));
    const counted: CountedAt[] = [];
    const prober = awsProber({
      functions: () => Promise.reject(new Error('no function is probed')),
      containers: door.probes,
      records: { read: async (model) => record(model, { kind: 'container' }) },
      counts: { add: async (at) => void counted.push(at) },
    });

    await prober.ready('container:digits-v1', '/ping', 2_000);
    await prober.ready('route:digits', '/ping', 2_000);
    await prober.ready('route:nobody', '/ping', 2_000);

    expect(counted).toMatchObject([
      { model: 'digits', at: { revision: 'digits-v1' } },
      { model: 'digits', at: { revision: 'digits-v1' } },
    ]);
    await door.close();
  });

  it('signs what it sends for its API, with the body', async () => {
    const seen: string[] = [];
    const { probes, close } = await open((request, body, response) => {
      seen.push(`${request.method} ${request.url} ${body}`);
      response.end('{}');
    });

    const answer = await probes(
      '/models/digits',
      {
        method: 'POST',
        path: '/invocations',
        sent: { body: '{"inputs":[[1]]}', contentType: 'application/json', isBase64: false },
      },
      2_000,
    );

    expect(answer).toMatchObject({ kind: 'answer', status: 200, revision: null });
    expect(seen).toEqual(['POST /api/_probe/models/digits/invocations {"inputs":[[1]]}']);
    await close();
  });

  it('fails with PlatformDenied where the API does not let it in', async () => {
    const other = { ...KEY, secretAccessKey: 'another' };
    const { probes, close } = await open((_request, _body, response) => response.end('{}'), other);

    const probe = probes('/models/digits', PING, 2_000);

    await expect(probe).rejects.toMatchObject({
      name: 'PlatformDenied',
      message: expect.stringContaining('InvalidSignatureException'),
    });
    await close();
  });

  it('fails with PlatformDenied without credentials', async () => {
    const { url, close } = await open((_request, _body, response) => response.end('{}'));
    const { config: identity } = new LambdaClient({
      region: 'eu-west-1',
      credentials: async () => {
        throw Object.assign(new Error('there are none'), { name: 'CredentialsProviderError' });
      },
    });

    const probe = frontDoorProbes({ url, identity })('/models/digits', PING, 2_000);

    await expect(probe).rejects.toMatchObject({ name: 'PlatformDenied' });
    await close();
  });

  it.each([301, 403, 429, 502, 503, 504])(
    'takes a %i of the server for an answer',
    async (status) => {
      const { probes, close } = await open((_request, _body, response) =>
        response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end('said'),
      );

      expect(await probes('/models/digits', PING, 2_000)).toMatchObject({
        kind: 'answer',
        status,
        body: 'said',
      });
      await close();
    },
  );

  it('has no answer when the connection is reset, before or within it', async () => {
    const before = await open((request) => request.socket.destroy());
    const within = await open((request, _body, response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('half', () => request.socket.destroy());
    });

    const answers = [
      await before.probes('/models/digits', PING, 2_000),
      await within.probes('/models/digits', PING, 2_000),
    ];

    expect(answers).toEqual([
      { kind: 'none', reason: 'other side closed' },
      { kind: 'none', reason: 'other side closed' },
    ]);
    await Promise.all([before.close(), within.close()]);
  });

  it.each(['throttled', 'broken', 'reply lost', 'slow', 'duplicate'] as const)(
    'answers the next probe as ever when one was %s',
    async (fault) => {
      const served: string[] = [];
      const befell: string[] = [];
      const { probes, close } = await open((request, _body, response) => {
        const serve = () => void served.push(String(request.url));
        if (befell.length === 0) {
          befell.push(fault);
          return FAULTS[fault].befall(response, serve);
        }
        serve();
        return void response.end('as ever');
      });

      const first = await probes('/models/digits', PING, 500);
      const next = await probes('/models/digits', PING, 2_000);

      expect(befell).toEqual([fault]);
      expect(first).toMatchObject(FAULTS[fault].seen);
      expect(next).toMatchObject({ kind: 'answer', status: 200, body: 'as ever' });
      expect(served).toHaveLength(FAULTS[fault].served + 1);
      await close();
    },
  );

  it('has no answer when the whole of it does not come in time', async () => {
    const { probes, close } = await open((_request, _body, response) => {
      response.writeHead(200);
      response.write('half');
    });

    expect(await probes('/models/digits', PING, 50)).toEqual({
      kind: 'none',
      reason: 'no answer within 50 ms',
    });
    await close();
  });

  it('has no answer where nobody listens', async () => {
    const { url, probes, close } = await open(() => undefined);
    await close();

    expect(await probes('/models/digits', PING, 2_000)).toMatchObject({
      kind: 'none',
      reason: expect.stringContaining(`ECONNREFUSED ${new URL(url).host}`),
    });
  });
});

type Fault = {
  befall(response: ServerResponse, serve: () => void): void;
  /** The probe's result. */
  readonly seen: object;
  /** How often a server was asked. */
  readonly served: number;
};

// API Gateway's own answers, as a client of it sees them.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
const FAULTS = {
  throttled: {
    befall: (response) => {
      response.writeHead(429, { 'x-amzn-errortype': 'TooManyRequestsException' });
      response.end('{"message":"Too Many Requests"}');
    },
    seen: { kind: 'answer', status: 429, revision: null },
    served: 0,
  },
  broken: {
    befall: (response) => {
      response.writeHead(504, { 'x-amzn-errortype': 'InternalServerErrorException' });
      response.end('{"message":"Endpoint request timed out"}');
    },
    seen: { kind: 'answer', status: 504, revision: null },
    served: 0,
  },
  'reply lost': {
    befall(response, serve) {
      serve();
      response.socket?.destroy();
    },
    seen: { kind: 'none', reason: 'other side closed' },
    served: 1,
  },
  slow: {
    befall: (_response, serve) => serve(),
    seen: { kind: 'none', reason: 'no answer within 500 ms' },
    served: 1,
  },
  duplicate: {
    befall(response, serve) {
      serve();
      serve();
      response.end('twice');
    },
    seen: { kind: 'answer', status: 200, body: 'twice' },
    served: 2,
  },
} as const satisfies Readonly<Record<string, Fault>>;

/** The rules of a load balancer that has `digits`, all of it `digits-v1`. */
function balanced(behave: () => Behaviour): Answer {
  return (request, body, response) => {
    const path = ROUTES.exec(request.url ?? '')?.[1];
    if (path === undefined) return void response.writeHead(404).end('{}');
    const contentType = request.headers['content-type'];
    const answer = behave()({
      path,
      contentType,
      body: body === '' ? undefined : JSON.parse(body),
    });
    if (answer === 'silent') return;
    response.writeHead(answer.status, { 'x-slipway-revision': 'digits-v1' });
    response.end(JSON.stringify(answer.body));
  };
}

function record(model: string, serves: Integration): RouteRecord {
  return { model, rev: 1, serves, move: null, movedAtMs: 0, left: [], containers: null };
}
