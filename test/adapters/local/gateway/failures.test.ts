import { EventEmitter, once } from 'node:events';
import { eventually } from '../../../support/clock/eventually.ts';
import { type GatewayWorld, gatewayWorld } from '../../../support/gateway/world.ts';

let world: GatewayWorld;

beforeEach(async () => {
  world = await gatewayWorld();
  await world.route('digits', { 'digits-v1': 1 });
});

afterEach(() => world.close());

const LIMITS = { maxRequestBytes: 1_048_576, timeoutMs: 200 };

describe('a revision that gives no process', () => {
  it.each([
    { status: 502, error: 'its process died at once', retryAfter: undefined },
    {
      status: 503,
      error: '1000 requests are waiting for digits-v1, which is the limit',
      retryAfter: 1,
    },
    { status: 503, error: 'digits-v1 is stopped', retryAfter: undefined },
    { status: 504, error: 'no process of digits-v1 got ready', retryAfter: undefined },
  ] as const)('is answered $status with the reason', async ({ status, error, retryAfter }) => {
    await world.revisions.serve('digits-v1', (_, response) => response.end());
    world.revisions.refuse('digits-v1', {
      status,
      error,
      ...(retryAfter !== undefined && { retryAfterSeconds: retryAfter }),
    });

    const answer = await world.call('/models/digits/');

    expect(answer.statusCode).toBe(status);
    expect(answer.headers['retry-after']).toBe(retryAfter?.toString());
    expect(answer.headers['x-slipway-revision']).toBe('digits-v1');
    expect(await answer.body.json()).toEqual({ error });
  });

  it('is answered 503 when the model is routed to a revision that is not there', async () => {
    const answer = await world.call('/models/digits/');

    expect(answer.statusCode).toBe(503);
    expect(await answer.body.json()).toEqual({ error: 'there is no revision digits-v1 here' });
  });

  it('is answered 404 on the test path of a revision that is not there', async () => {
    const answer = await world.call('/_candidate/digits-v7/ping');

    expect(answer.statusCode).toBe(404);
    expect(await answer.body.json()).toEqual({ error: 'there is no revision digits-v7 here' });
  });

  it('is answered 500 when it cannot be asked', async () => {
    await world.revisions.serve('digits-v1', (_, response) => response.end());
    world.revisions.invoke = () => Promise.reject(new Error('out of file descriptors'));

    const answer = await world.call('/models/digits/');

    expect(answer.statusCode).toBe(500);
    expect(await answer.body.json()).toEqual({ error: 'out of file descriptors' });
  });
});

describe('502: the model did not give a complete answer', () => {
  it('says why its process ended, though that is known a moment later', async () => {
    await world.revisions.serve('digits-v1', () =>
      world.revisions.crash('digits-v1', 'out of memory, its limit is 512 MiB'),
    );

    const answer = await world.call('/models/digits/', { method: 'POST', body: 'x' });

    expect(answer.statusCode).toBe(502);
    expect(answer.headers['x-slipway-revision']).toBe('digits-v1');
    expect(await answer.body.json()).toEqual({
      error:
        'the process of digits-v1 ended before it answered: out of memory, its limit is 512 MiB',
    });
    expect(world.revisions.releases('digits-v1')).toEqual(['aborted']);
  });

  it('says that the connection broke when the process lives on', async () => {
    await world.revisions.serve('digits-v1', (request) => request.socket.destroy());

    const answer = await world.call('/models/digits/');

    expect(answer.statusCode).toBe(502);
    expect(await answer.body.json()).toEqual({
      error: 'digits-v1 did not give a complete answer: other side closed',
    });
  });

  it('is answered when nothing listens any more', async () => {
    await world.revisions.serve('digits-v1', (_, response) => response.end());
    await world.revisions.close();

    const answer = await world.call('/models/digits/');

    expect(answer.statusCode).toBe(502);
    expect(await answer.body.json()).toMatchObject({
      error: expect.stringContaining('ECONNREFUSED'),
    });
  });
});

describe('an answer that has begun is cut, so that its client sees it is not whole', () => {
  it.each([
    {
      name: 'when the process dies',
      go: () => world.revisions.crash('digits-v1', 'killed'),
      released: 'aborted',
    },
    {
      name: 'when its time is over',
      go: () => world.timers.advance(LIMITS.timeoutMs),
      released: 'timeout',
    },
  ])('$name', async ({ go, released }) => {
    const arrivals = new EventEmitter();
    const arriving = once(arrivals, 'arrival');
    await world.revisions.serve(
      'digits-v1',
      (_, response) => arrivals.emit('arrival', response),
      LIMITS,
    );
    const calling = world.call('/models/digits/');
    const [response] = await arriving;
    response.write('begun');
    const answer = await calling;

    go();

    await expect(answer.body.text()).rejects.toThrow();
    await eventually(() => world.revisions.releases('digits-v1').length > 0);
    expect(world.revisions.releases('digits-v1')).toEqual([released]);
  });
});
