import { once } from 'node:events';
import { request as nodeRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { systemClock } from '#adapters/clocks.ts';
import { type Gateway, startGateway } from '#adapters/local/gateway/gateway.ts';
import type { LocalPlatform } from '#adapters/local/revisions/revision-platform.ts';
import { eventually } from '../../../support/clock/eventually.ts';
import { type GatewayWorld, gatewayWorld } from '../../../support/gateway/world.ts';
import {
  openPlatform,
  type PlatformFolder,
  pidsOf,
  platformFolder,
} from '../../../support/local/platform.ts';

const head = (model: string, lengthBytes: number) =>
  `POST /models/${model}/invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${lengthBytes}\r\n\r\n`;

describe.each(['lambda', 'fargate'] as const)(
  'on %s a hundred uploads that stand still',
  (target) => {
    let folder: PlatformFolder;
    let platform: LocalPlatform;
    let gateway: Gateway;
    let database: DatabaseSync;
    let stalled: Socket[];
    let answers: number;
    beforeEach(async () => {
      folder = platformFolder();
      platform = openPlatform(folder, { limits: { maxInstances: 1 } }, target);
      database = new DatabaseSync(':memory:');
      const clock = systemClock;
      gateway = await startGateway({
        host: '127.0.0.1',
        port: 0,
        revisions: platform,
        database,
        clock,
      });
      await deploy();
      [stalled, answers] = [[], 0];
      for (let index = 0; index < 100; index += 1) stalled.push(await stall(index));
    });
    afterEach(async () => {
      for (const socket of stalled) socket.destroy();
      await gateway.close();
      await platform.close();
      database.close();
      folder.delete();
    });

    async function deploy(): Promise<void> {
      const spec = folder.spec('answers');
      await platform.create(spec, 1);
      await platform.describe(spec.revision, { waitMs: 3_600_000 });
      await gateway.router.setShares('digits', { 'digits-v1': 1 }, {}, 1);
    }

    /** A head, and of some the beginning of a body. */
    async function stall(index: number): Promise<Socket> {
      const { hostname, port } = new URL(gateway.origin);
      const socket = connect(Number(port), hostname);
      socket.on('error', () => {}).on('data', () => (answers += 1));
      await once(socket, 'connect');
      socket.write(head('digits', 1_000_000) + 'x'.repeat(index % 2 === 0 ? 0 : 500));
      return socket;
    }

    const call = () =>
      fetch(`${gateway.origin}/models/digits/invocations`, { method: 'POST', body: '{}' });

    it('leave twenty others their answers', async () => {
      const good = await Promise.all(Array.from({ length: 20 }, call));

      expect(good.map(({ status }) => status)).toEqual(good.map(() => 200));
      expect(answers).toBe(0);
      expect(platform.inFlight('digits-v1')).toBe(0);
      expect(pidsOf(folder, 'digits-v1')).toHaveLength(1);
    });

    it('keep no version from being drained and retired', async () => {
      await call();

      expect(await platform.drainSeconds('digits-v1')).toBe(0);
      await platform.retire('digits-v1', 1);

      expect(answers).toBe(0);
    });
  },
);

describe('a request is answered by the version', () => {
  let world: GatewayWorld;
  beforeEach(async () => {
    world = await gatewayWorld();
  });
  afterEach(() => world.close());

  it('that is live when the last of it comes, not when the first of it came', async () => {
    for (const revision of ['digits-v1', 'digits-v2']) {
      await world.revisions.serve(revision, (request, response) => request.pipe(response));
    }
    await world.route('digits', { 'digits-v1': 1 });
    const sending = nodeRequest(`${world.gateway.origin}/models/digits/`, { method: 'POST' });
    sending.write('before, ');
    await eventually(() => world.taken.length === 1);

    await world.gateway.router.setShares('digits', { 'digits-v2': 1 }, { 'digits-v1': 1 }, 1);
    sending.end('after');

    const [answer] = await once(sending, 'response');
    expect(answer.headers['x-slipway-revision']).toBe('digits-v2');
    expect(world.revisions.releases('digits-v1')).toEqual([]);
    answer.resume();
  });
});

describe('the bodies of all requests together', () => {
  let world: GatewayWorld;
  let sent: ReturnType<typeof nodeRequest>[];
  beforeEach(async () => {
    world = await gatewayWorld();
    sent = [];
    await world.replicas.serve('digits-v1', [
      (request, response) => request.resume().on('end', () => response.end('whole')),
    ]);
    await world.route('digits', { 'digits-v1': 1 });
  });
  afterEach(async () => {
    for (const sending of sent) sending.destroy();
    await world.close();
  });

  const TEN_MB = 10_000_000;
  const PART_BYTES = 200_000;

  /** Clients that send a part of ten million bytes each, once the gateway has seen them. */
  async function uploading(count: number) {
    const before = sent.length;
    for (let index = 0; index < count; index += 1) {
      const sending = nodeRequest(`${world.gateway.origin}/models/digits/`, {
        method: 'POST',
        headers: { 'content-length': TEN_MB },
      }).on('error', () => {});
      sending.write(Buffer.alloc(PART_BYTES));
      sent.push(sending);
      await eventually(() => world.taken.length === sent.length);
    }
    return sent.slice(before);
  }

  const answerOf = async (sending: ReturnType<typeof nodeRequest>) => {
    const [answer] = await once(sending, 'response');
    answer.resume();
    return answer;
  };

  it('have a bound, beyond which a large one is not read until there is room, and a short one is answered', async () => {
    const [first] = await uploading(13);
    const [beyond] = await uploading(1);
    await eventually(() => world.taken[13]!.request.isPaused());
    expect(world.taken.filter(({ request }) => request.isPaused())).toHaveLength(1);

    const short = await world.call('/models/digits/', { method: 'POST', body: 'x' });
    expect(await short.body.text()).toBe('whole');

    const answering = answerOf(first!);
    first!.end(Buffer.alloc(TEN_MB - PART_BYTES));
    expect((await answering).statusCode).toBe(200);
    await eventually(() => !world.taken[13]!.request.isPaused());
    const last = answerOf(beyond!);
    beyond!.end(Buffer.alloc(TEN_MB - PART_BYTES));
    expect((await last).statusCode).toBe(200);
  });

  it('are not held by those that stand still while others wait', async () => {
    await uploading(14);
    await eventually(() => world.taken[13]!.request.isPaused());

    world.timers.advance(5_000);

    await eventually(() => !world.taken[13]!.request.isPaused());
    const refused = () => world.taken.filter(({ response }) => response.statusCode === 408).length;
    await eventually(() => refused() > 0);
    expect(refused()).toBe(1);
  });
});
