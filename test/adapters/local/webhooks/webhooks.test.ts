import { createServer } from 'node:http';
import { join } from 'node:path';
import { sqliteRegistry } from '#adapters/local/registry/sqlite-registry.ts';
import { MOST_TRIES, retryAfterMs } from '#adapters/local/webhooks/retry.ts';
import { signedHeaders } from '#adapters/local/webhooks/signature.ts';
import { webhookTable } from '#adapters/local/webhooks/table.ts';
import { webhooks } from '#adapters/local/webhooks/webhooks.ts';
import type { SlipwayEvent } from '#domain/event.ts';
import { eventually } from '../../../support/clock/eventually.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';
import { unsyncedDatabase } from '../../../support/local/unsynced-database.ts';
import { temporaryFolder } from '../../../support/slipway/running.ts';
import { refusal, START_MS } from '../../../support/worlds/registry.ts';

const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes....').toString('base64')}`;

type Taken = {
  readonly id: string;
  readonly headers: Record<string, unknown>;
  readonly body: string;
};

/** A server that takes events; `answer` gives the status. */
async function receiver(answer: (taken: Taken, n: number) => number = () => 204) {
  const asked: Taken[] = [];
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    const { headers } = request;
    const taken = { id: String(headers['webhook-id']), headers, body };
    asked.push(taken);
    const status = answer(taken, asked.length);
    if (status === 0) return void request.socket.destroy();
    response.writeHead(status, { location: '/elsewhere' }).end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}/hook?token=hidden`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A registry whose webhooks wait for nothing, or from `hold` to the next start for ever. */
async function sender(urls: readonly string[]) {
  const folder = await temporaryFolder();
  const clock = fakeClock(START_MS);
  const waits: number[] = [];
  const reports: string[] = [];
  const database = unsyncedDatabase(join(folder.path, 'registry.db'));
  const registry = sqliteRegistry({ database, clock, onEvents: () => hooks?.changed() });
  let hooks: ReturnType<typeof webhooks> | undefined;
  let isHeld = false;
  const start = (to = urls) => {
    isHeld = false;
    hooks = webhooks({
      urls: to,
      secret: SECRET,
      registry,
      database,
      clock,
      random: () => 0.5,
      async wait(ms, signal) {
        waits.push(ms);
        clock.advance(ms);
        await new Promise((done) => {
          if (isHeld) signal.addEventListener('abort', done);
          else setImmediate(done);
        });
        signal.throwIfAborted();
      },
      report: (problem) => reports.push(problem),
    });
    return hooks;
  };
  start();
  return {
    clock,
    waits,
    reports,
    start,
    /** Announces an event of its own deployment. */
    announce: (n: number) => registry.refuse(refusal(n, 'Rejected')),
    /** How far an address has taken the events, as a next start would find it. */
    recorded: (url: string) => webhookTable(database, urls).place(url).after,
    hold() {
      isHeld = true;
    },
    stop: async () => hooks?.stop(),
    async [Symbol.asyncDispose]() {
      await hooks?.stop();
      database.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const idsOf = (asked: readonly Taken[]) =>
  asked.map(({ body }) => (JSON.parse(body) as SlipwayEvent).detail.eventId);

describe('the signature of a webhook', () => {
  it('is what the specification gives for its example', () => {
    // https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/javascript/src/index.test.ts
    const headers = signedHeaders('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      body: '{"test": 2432232314}',
      nowMs: 1_614_265_330_999,
    });

    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });
});

describe('the retries of a webhook', () => {
  it('are spread over about an hour', () => {
    const total = (random: number) =>
      Array.from({ length: MOST_TRIES - 1 }, (_, index) => retryAfterMs(index + 1, random)).reduce(
        (sum, ms) => sum + ms,
      );

    expect([0, 0.5, 1].map((random) => Math.round(total(random) / 60_000))).toEqual([48, 60, 72]);
  });
});

describe('webhooks', () => {
  it('post each event with its id, the time, and a signature of its bytes', async () => {
    await using hook = await receiver();
    await using world = await sender([hook.url]);

    await world.announce(1);
    await eventually(() => hook.asked.length === 1);

    const [{ id, headers, body }] = hook.asked as [Taken];
    const event: SlipwayEvent = JSON.parse(body);
    expect(event.detail).toMatchObject({ model: 'shapes', state: 'Rejected', eventId: id });
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      ...signedHeaders(SECRET, { id, body, nowMs: world.clock.now() }),
    });
  });

  it('keep the order when an address fails for a while, and say once that it does', async () => {
    await using hook = await receiver((_, n) => (n <= 3 ? 500 : 200));
    await using world = await sender([hook.url]);

    await world.announce(1);
    await world.announce(2);
    await eventually(() => hook.asked.length === 5);

    const [first, second] = [hook.asked[0]!.id, hook.asked.at(-1)!.id];
    expect(idsOf(hook.asked)).toEqual([first, first, first, first, second]);
    expect(world.waits).toEqual([7_000, 14_000, 28_000]);
    expect(world.reports).toEqual([
      `webhook ${new URL(hook.url).origin}: it answered 500; retrying for an hour`,
    ]);
  });

  it.each([
    { name: 'a refusal', status: 400, says: 'it answered 400' },
    { name: 'a redirect, which is not followed', status: 302, says: 'it answered 302' },
    { name: 'a connection that breaks', status: 0, says: 'other side closed' },
  ])('give an event up after the last try for $name, say so once, and go on', async (failure) => {
    const { status, says } = failure;
    let bad = '';
    await using hook = await receiver(({ id }) => {
      bad ||= id;
      return id === bad ? status : 200;
    });
    await using world = await sender([hook.url]);

    await world.announce(1);
    await world.announce(2);
    await eventually(() => hook.asked.some(({ id }) => id !== bad));

    expect(hook.asked.filter(({ id }) => id === bad)).toHaveLength(MOST_TRIES);
    expect(world.reports).toHaveLength(2);
    expect(world.reports[1]).toMatch(`gave up on event ${bad}: ${says}`);
  });

  it('send what was not taken after the next start, and what was taken not again', async () => {
    let isUp = true;
    await using hook = await receiver(() => (isUp ? 200 : 503));
    await using world = await sender([hook.url]);
    const before = world.recorded(hook.url);
    await world.announce(1);
    // That it was asked is not yet that its answer has come.
    await eventually(() => world.recorded(hook.url) !== before);
    await world.stop();

    isUp = false;
    await world.announce(2);
    await world.announce(3);
    isUp = true;
    world.start();
    await eventually(() => hook.asked.length === 3);

    expect(new Set(idsOf(hook.asked)).size).toBe(3);
  });

  it('go on counting the tries after a start', async () => {
    await using hook = await receiver(() => 500);
    await using world = await sender([hook.url]);
    world.hold();
    await world.announce(1);
    await eventually(() => world.waits.length === 1);
    await world.stop();

    world.start();
    await eventually(() => world.reports.some((report) => report.includes('gave up on')));

    expect(hook.asked).toHaveLength(MOST_TRIES);
  });

  it('begin with the events to come at an address that is new', async () => {
    await using hook = await receiver();
    await using world = await sender([]);
    await world.announce(1);

    world.start([hook.url]);
    const { id } = await world.announce(2);
    await eventually(() => hook.asked.length === 1);

    expect(idsOf(hook.asked)).toEqual([`${id}-1`]);
  });

  it('wait for no other address', async () => {
    await using silent = await receiver(() => 503);
    await using hook = await receiver();
    await using world = await sender([silent.url, hook.url]);
    world.hold();

    for (const n of [1, 2, 3]) await world.announce(n);
    await eventually(() => hook.asked.length === 3);

    expect(idsOf(hook.asked)).toHaveLength(3);
  });

  it('name of an address its origin alone', async () => {
    await using hook = await receiver(() => 500);
    await using world = await sender([hook.url]);

    await world.announce(1);
    await eventually(() => world.reports.length > 0);

    expect(world.reports.join()).not.toMatch(/hidden/);
  });
});
