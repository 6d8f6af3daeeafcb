import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Leaving, left } from '#adapters/local/concurrency/leaving.ts';
import { eventually } from '../../../support/clock/eventually.ts';
import { type Arrivals, openArrivals } from '../../../support/gateway/arrivals.ts';
import { type GatewayWorld, gatewayWorld } from '../../../support/gateway/world.ts';

let world: GatewayWorld;
let arrivals: Arrivals;

beforeEach(async () => {
  world = await gatewayWorld();
  arrivals = openArrivals();
  await world.route('digits', { 'digits-v1': 1 });
});

afterEach(() => world.close());

const serveByHand = () =>
  world.revisions.serve('digits-v1', (request, response) => {
    request.on('error', () => {}).resume();
    arrivals.listener(request, response);
  });

const client = (bytes: string): Socket => {
  const { hostname, port } = new URL(world.gateway.origin);
  const socket = connect(Number(port), hostname).on('error', () => {});
  socket.write(bytes);
  return socket;
};

const GET = 'GET /models/digits/ HTTP/1.1\r\nHost: localhost\r\n\r\n';
const HALF_A_POST =
  'POST /models/digits/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf';

/** Sends the bytes to a model's server, and resolves once their request waits there for an answer. */
async function sent(bytes: string) {
  await serveByHand();
  const arriving = arrivals.next();
  const socket = client(bytes);
  const [request, response] = await arriving;
  return { socket, request, response };
}

/** Resolves once all is over, and gives a second release the time to happen. */
async function releasesOnceOver(): Promise<readonly string[]> {
  await eventually(() => world.gateway.inFlight('digits-v1') === 0);
  await (await world.call('/nothing')).body.dump();
  return world.revisions.releases('digits-v1');
}

describe('a process is given back once', () => {
  it('when the answer is whole', async () => {
    await world.revisions.serve('digits-v1', (_, response) => response.end('x'));

    await (await world.call('/models/digits/')).body.dump();

    expect(await releasesOnceOver()).toEqual(['done']);
  });

  it('when the client leaves before the answer, and the model learns that', async () => {
    const { socket, response } = await sent(GET);

    socket.resetAndDestroy();
    await once(response, 'close');

    expect(await releasesOnceOver()).toEqual(['aborted']);
  });

  it('when the client leaves in the middle of the answer', async () => {
    const { socket, response } = await sent(GET);
    response.write('begun');
    await once(socket, 'data');

    socket.destroy();
    await once(response, 'close');

    expect(await releasesOnceOver()).toEqual(['aborted']);
  });

  it('for each request of a pipeline when its client leaves', async () => {
    await serveByHand();
    const warnings: string[] = [];
    const note = (warning: Error) => warnings.push(warning.name);
    process.on('warning', note);
    const socket = client(GET.repeat(15));
    await eventually(() => arrivals.responses.length === 15);

    socket.destroy();
    await eventually(() => arrivals.responses.every((response) => response.closed));

    expect(await releasesOnceOver()).toEqual(Array(15).fill('aborted'));
    expect(warnings).toEqual([]);
    process.off('warning', note);
  });

  it('when the client left while the process was being found', async () => {
    await serveByHand();
    const invoke = world.revisions.invoke;
    const { promise: found, resolve: find } = Promise.withResolvers<void>();
    let signal: Leaving | undefined;
    world.revisions.invoke = async (revision, gone, sharing) => {
      signal = gone;
      await found;
      return invoke(revision, gone, sharing);
    };
    const socket = client(GET);
    await eventually(() => signal !== undefined);

    socket.destroy();
    await eventually(() => signal!.aborted);
    find();

    expect(await releasesOnceOver()).toEqual(['aborted']);
  });
});

describe('no process is taken for a request that is not all there', () => {
  /** Sends the bytes, waits until the gateway has read them, and answers the connection. */
  async function begun(bytes: string): Promise<Socket> {
    await serveByHand();
    const socket = client(bytes);
    await eventually(() => world.taken.length === 1);
    await (await world.call('/nothing')).body.dump();
    return socket;
  }

  it('because its client leaves in the middle of its body', async () => {
    const socket = await begun(HALF_A_POST);
    expect(arrivals.responses).toEqual([]);

    socket.destroy();
    await once(world.taken[0]!.response, 'close');

    expect(await releasesOnceOver()).toEqual([]);
    expect(arrivals.responses).toEqual([]);
  });

  it('because its body turns out not to be HTTP', async () => {
    const socket = await begun(
      'POST /models/digits/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n',
    );

    socket.write('no size\r\n');
    await once(world.taken[0]!.response, 'close');

    expect(await releasesOnceOver()).toEqual([]);
    expect(arrivals.responses).toEqual([]);
  });

  it('until its last byte is', async () => {
    const socket = await begun(HALF_A_POST);
    const arriving = arrivals.next();

    socket.write('-done');
    const [, response] = await arriving;
    response.end();

    expect(await releasesOnceOver()).toEqual(['done']);
    socket.destroy();
  });
});

it('a client that leaves while its process is being found ends the search', async () => {
  await serveByHand();
  world.revisions.invoke = async (_, gone) => {
    await left(gone);
    throw new Error('the client has left');
  };
  const socket = client(GET);
  await eventually(() => world.gateway.inFlight('digits-v1') === 1);

  socket.destroy();

  expect(await releasesOnceOver()).toEqual([]);
  expect(
    await world.gateway.metrics.traffic(
      { revision: 'digits-v1', target: 'lambda', madeBy: 'd1' },
      0,
    ),
  ).toEqual({
    requests: 0,
    serverErrors: 0,
    refused: 0,
  });
});

it('a client that does not read its answer does not hold a process beyond its time, and the process is not to blame', async () => {
  await world.revisions.serve(
    'digits-v1',
    (_, response) => {
      response.write(Buffer.alloc(50_000_000));
    },
    { timeoutMs: 300 },
  );
  const socket = client(GET).pause();

  await eventually(() => {
    const isHeldUp = world.taken[0]?.response.writableNeedDrain;
    if (isHeldUp) world.timers.advance(300);
    return isHeldUp;
  });

  expect(await releasesOnceOver()).toEqual(['aborted']);
  socket.destroy();
});
