import { once } from 'node:events';
import { request as nodeRequest, type RequestListener } from 'node:http';
import { eventually } from '../../../support/clock/eventually.ts';
import { openArrivals } from '../../../support/gateway/arrivals.ts';
import { type GatewayWorld, gatewayWorld } from '../../../support/gateway/world.ts';

let world: GatewayWorld;

beforeEach(async () => {
  world = await gatewayWorld();
});

afterEach(() => world.close());

const dying =
  (replica: number): RequestListener =>
  () =>
    world.replicas.kill('digits-v1', replica);

const echo: RequestListener = (request, response) => {
  request.on('error', () => {});
  request.pipe(response);
};

async function serve(...listeners: RequestListener[]) {
  await world.replicas.serve('digits-v1', listeners);
  await world.route('digits', { 'digits-v1': 1 });
}

const post = (body: string) => world.call('/models/digits/infer', { method: 'POST', body });

describe('a request whose replica dies before it answers goes to another one', () => {
  it('with its whole body, and counts as one request that was answered', async () => {
    await serve(dying(0), echo);

    const answer = await post('x'.repeat(9_000_000));

    expect(answer.statusCode).toBe(200);
    expect(answer.headers['x-slipway-revision']).toBe('digits-v1');
    expect((await answer.body.text()).length).toBe(9_000_000);
    expect(
      await world.gateway.metrics.traffic(
        { revision: 'digits-v1', target: 'fargate', madeBy: 'd1' },
        0,
      ),
    ).toEqual({ requests: 1, serverErrors: 0, refused: 0 });
  });

  it('when it is not known yet that the replica is gone, though it is the less busy one', async () => {
    await serve(echo, echo);
    world.replicas.kill('digits-v1', 0, 60);

    const answer = await post('x');

    expect(await answer.body.text()).toBe('x');
  });

  it('so that none of a hundred clients is refused while one replica of two is there', async () => {
    await serve(echo, echo);
    const statuses: number[] = [];
    const call = async () => {
      const answer = await post('x'.repeat(2_000));
      const isWhole = (await answer.body.text()).length === 2_000;
      statuses.push(isWhole ? answer.statusCode : 0);
    };
    const client = async () => {
      for (let calls = 0; calls < 10; calls += 1) await call();
    };

    const clients = Array.from({ length: 100 }, client);
    await eventually(() => statuses.length > 300);
    world.replicas.kill('digits-v1', 0);
    await Promise.all(clients);

    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    expect(world.replicas.invocations('digits-v1')).toBeGreaterThan(1_000);
  });
});

describe('a request is not repeated', () => {
  it('a second time', async () => {
    let thirds = 0;
    await serve(dying(0), dying(1), () => (thirds += 1));

    const answer = await post('x');

    expect(answer.statusCode).toBe(502);
    expect(await answer.body.json()).toEqual({
      error: 'the process of digits-v1 ended before it answered: was killed',
    });
    expect(thirds).toBe(0);
  });

  it.each([
    {
      name: 'a part of an answer',
      begin: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nha',
      status: 200,
    },
    {
      name: 'word that it is being worked on',
      begin: 'HTTP/1.1 102 Processing\r\n\r\n',
      status: 502,
    },
    { name: 'what is no HTTP', begin: 'hello\r\n\r\n', status: 502 },
  ])('when $name came back', async ({ begin, status }) => {
    await serve((request) => request.socket.write(begin, () => request.socket.destroy()), echo);

    const answer = await post('x');
    await answer.body.text().catch(() => 'cut');

    expect(answer.statusCode).toBe(status);
    expect(world.replicas.invocations('digits-v1')).toBe(1);
  });

  it('when its client has left', async () => {
    const arrivals = openArrivals();
    const arriving = arrivals.next();
    await serve(arrivals.listener, echo);
    const sending = nodeRequest(`${world.gateway.origin}/models/digits/`, { method: 'POST' });
    sending.on('error', () => {}).end('x');
    await arriving;

    sending.destroy();
    await eventually(() => world.gateway.inFlight('digits-v1') === 0);
    world.replicas.kill('digits-v1', 0);
    await (await world.call('/nothing')).body.dump();

    expect(world.replicas.invocations('digits-v1')).toBe(1);
  });

  it('when no other replica is there, and the answer says what became of the one', async () => {
    await serve(dying(0));

    const answer = await post('x');

    expect(answer.statusCode).toBe(502);
    expect(await answer.body.json()).toEqual({
      error: 'the process of digits-v1 ended before it answered: was killed',
    });
  });

  it('when its function died that had nothing else to do, as on AWS', async () => {
    let requests = 0;
    await world.revisions.serve('digits-v1', () => {
      requests += 1;
      world.revisions.crash('digits-v1', 'exited with code 1');
    });
    await world.route('digits', { 'digits-v1': 1 });

    const answer = await post('x');

    expect(answer.statusCode).toBe(502);
    expect(requests).toBe(1);
  });
});

describe('a request that a function had beside others goes to another one, where it is alone', () => {
  /** Serves two processes of one function, the first of which is shared; answers whether each was asked to share was asked for. */
  async function serveShared(first: RequestListener) {
    await world.revisions.serve('digits-v0', first);
    await world.revisions.serve('digits-v1', echo);
    await world.route('digits', { 'digits-v1': 1 });
    const { invoke } = world.revisions;
    const companies: string[] = [];
    let recall = () => {};
    world.revisions.invoke = async (revision, gone, sharing) => {
      companies.push(sharing);
      const isFirst = companies.length === 1;
      const slot = await invoke(isFirst ? 'digits-v0' : revision, gone, sharing);
      if (slot.kind === 'refused') return slot;
      const onRecall = (run: () => void) => {
        recall = run;
      };
      return isFirst ? { ...slot, isRepeatable: () => true, onRecall } : slot;
    };
    return { companies, recall: () => recall() };
  }

  it('when it died of any of them', async () => {
    const { companies } = await serveShared(() =>
      world.revisions.crash('digits-v0', 'used 600 MiB; the limit is 512 MiB'),
    );

    const answer = await post('whole');

    expect(answer.statusCode).toBe(200);
    expect(await answer.body.text()).toBe('whole');
    expect(companies).toEqual(['shared', 'alone']);
  });

  it('when it is recalled from behind a long one, and its first process learns that nobody waits any more', async () => {
    const arrivals = openArrivals();
    const arriving = arrivals.next();
    const { companies, recall } = await serveShared(arrivals.listener);
    const calling = post('whole');
    const [, response] = await arriving;
    const left = once(response, 'close');

    recall();

    expect(await (await calling).body.text()).toBe('whole');
    await left;
    expect(companies).toEqual(['shared', 'alone']);
    expect(world.revisions.releases('digits-v0')).toEqual(['aborted']);
    expect(world.revisions.releases('digits-v1')).toEqual(['done']);
  });

  it('but not when its answer has begun', async () => {
    const arrivals = openArrivals();
    const arriving = arrivals.next();
    const { companies, recall } = await serveShared(arrivals.listener);
    const calling = post('x');
    const [, response] = await arriving;
    response.write('begun, ');
    const answer = await calling;

    recall();
    response.end('and ended');

    expect(await answer.body.text()).toBe('begun, and ended');
    expect(companies).toEqual(['shared']);
  });
});

it('a request that reached no process of a function goes to another one', async () => {
  await world.revisions.serve('digits-v1', echo);
  await world.route('digits', { 'digits-v1': 1 });
  const { invoke } = world.revisions;
  const outcomes: string[] = [];
  world.revisions.invoke = async (revision, gone, sharing) => {
    const slot = await invoke(revision, gone, sharing);
    if (slot.kind === 'refused' || outcomes.length > 0) return slot;
    outcomes.push('begun');
    // Port 1 is nobody's.
    const release = (outcome: string) => void outcomes.push(outcome);
    return { ...slot, origin: 'http://127.0.0.1:1', release };
  };

  const answer = await post('x');

  expect(answer.statusCode).toBe(200);
  expect(await answer.body.text()).toBe('x');
  expect(outcomes).toEqual(['begun', 'aborted']);
});
