import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Replica, startReplica } from '#adapters/local/revisions/replica.ts';
import type { ServerEnd } from '#adapters/local/revisions/revision.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';
import {
  type ScriptedModelServer,
  scriptedModelServer,
} from '../../../support/local/scripted-model-server.ts';

// Only a hanging replica would reach it.
const HOUR_MS = 3_600_000;

describe('a replica', () => {
  const clock = fakeClock(0);
  let servers: ScriptedModelServer[];
  let looks: string[];
  let isHealthy: boolean;
  let written: string;
  let replica: Replica;
  let ends: ServerEnd[];
  const log = {
    async append(bytes: Uint8Array) {
      written += bytes;
    },
  };
  const look = async (origin: string) => looks.push(origin) > 0 && isHealthy;
  const launch = () => {
    servers.push(scriptedModelServer(servers.length + 1));
    return servers.at(-1)!.server;
  };
  const started = (requestTimeoutMs: number) =>
    startReplica('digits-v1', {
      launch,
      look,
      clock,
      log,
      onEnd: (end) => void ends.push(end),
      requestTimeoutMs,
    });
  beforeEach(() => {
    servers = [];
    looks = [];
    isHealthy = true;
    written = '';
    ends = [];
    replica = started(HOUR_MS);
  });

  /** Goes on as a platform does, which tends its replicas four times a second. */
  async function pass(seconds: number): Promise<void> {
    for (let turn = 0; turn < seconds * 4; turn += 1) {
      clock.advance(250);
      replica.tend();
      await nextTurn();
    }
  }

  /** How long it takes until another server is started after this one. */
  async function pauseAfterCrash(): Promise<number> {
    const before = servers.length;
    const crashedMs = clock.now();
    await servers.at(-1)!.crash();
    while (servers.length === before) {
      clock.advance(500);
      replica.tend();
    }
    return clock.now() - crashedMs;
  }

  it('waits twice as long after each crash before it starts again, a minute at most', async () => {
    const pauses = [];
    for (let crash = 0; crash < 8; crash += 1) pauses.push(await pauseAfterCrash());

    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * 1_000));
  });

  it('forgets its crashes once it has served for a minute', async () => {
    for (let crash = 0; crash < 4; crash += 1) await pauseAfterCrash();
    await servers.at(-1)!.ready();
    clock.advance(59_000);
    expect(await pauseAfterCrash()).toBe(16_000);
    await servers.at(-1)!.ready();
    clock.advance(60_000);

    expect(await pauseAfterCrash()).toBe(1_000);
  });

  it('takes requests while its server is ready, and says why when it ended during one', async () => {
    expect(replica.isReady()).toBe(false);
    await servers[0]!.ready();
    expect(replica.isReady()).toBe(true);
    const slot = replica.take();
    expect(slot.diagnosis()).toBeUndefined();

    await servers[0]!.crash();

    expect(replica.isReady()).toBe(false);
    expect(slot.diagnosis()).toBe('the model server of digits-v1 exited with code 1');
  });

  it('says of a server that is starting why the one before it ended', async () => {
    await servers[0]!.ready();

    await pauseAfterCrash();

    expect(replica.diagnosis()).toBe('exited with code 1');
  });

  it('tells of each server that ended by itself, and why, but not of one that never became ready', async () => {
    await servers[0]!.ready();
    await servers[0]!.crash();
    await pass(1);
    await servers[1]!.server.kill('used 530 MiB; the limit is 512 MiB');
    await pass(2);
    await servers[2]!.ready();
    isHealthy = false;
    await pass(30);

    expect(ends).toEqual([
      { cause: 'crash', reason: 'the model server of digits-v1 exited with code 1' },
      {
        cause: 'memory',
        reason: 'the model server of digits-v1 used 530 MiB; the limit is 512 MiB',
      },
      { cause: 'hang', reason: 'the model server of digits-v1 failed its health check 4 times' },
    ]);
  });

  it('tells of no server that was stopped, nor of a first one that does not start', async () => {
    await servers[0]!.crash();
    await pass(1);
    await servers[1]!.ready();
    await replica.stop();

    expect(ends).toEqual([]);
  });

  it('counts nothing of a server that is gone for the next one', async () => {
    await servers[0]!.ready();
    const slot = replica.take();
    await pauseAfterCrash();
    await servers[1]!.ready();

    const next = replica.take();
    slot.release('aborted');

    expect(replica.inFlight()).toBe(1);
    expect(next.origin).toBe('http://server-2');
  });

  it('keeps its server when a request takes too long, as a load balancer does', async () => {
    await servers[0]!.ready();

    replica.take().release('timeout');

    expect(replica.isReady()).toBe(true);
  });

  it.each([
    { set: 'back 90 s', ms: -90_000 },
    { set: 'forward an hour', ms: 3_600_000 },
  ])('looks at its health as ever when the clock of the machine is set $set', async ({ ms }) => {
    await servers[0]!.ready();
    clock.step(ms);

    await pass(10);

    expect(looks).toHaveLength(2);
  });

  it('restarts as soon as ever when the clock of the machine is set back', async () => {
    await servers[0]!.ready();
    await servers[0]!.crash();
    clock.step(-90_000);

    await pass(1);

    expect(servers).toHaveLength(2);
  });

  it('looks at the health of its server every five seconds, from the moment that it serves', async () => {
    await pass(30);
    expect(looks).toEqual([]);
    await servers[0]!.ready();

    await pass(30);

    expect(looks).toEqual(Array.from({ length: 6 }, () => 'http://server-1'));
  });

  it('ends a server that did not answer four looks, gives it no more requests, and starts another a second later', async () => {
    await servers[0]!.ready();
    const slot = replica.take();
    isHealthy = false;

    await pass(19);
    expect(replica.isReady()).toBe(true);
    await pass(1);

    expect(replica.isReady()).toBe(false);
    const why = 'the model server of digits-v1 failed its health check 4 times';
    expect(slot.diagnosis()).toBe(why);
    expect(written).toBe(`slipway: ${why}\n`);
    await pass(1);
    expect(servers).toHaveLength(2);
  });

  it('keeps a server that answers one look of four', async () => {
    await servers[0]!.ready();

    for (let round = 0; round < 5; round += 1) {
      isHealthy = false;
      await pass(15);
      isHealthy = true;
      await pass(5);
    }

    expect(replica.isReady()).toBe(true);
    expect(looks).toHaveLength(20);
  });

  it('looks at a server no more that is ended, nor at the next one before it serves', async () => {
    await servers[0]!.ready();
    await servers[0]!.crash();

    await pass(60);

    expect(servers).toHaveLength(2);
    expect(looks).toEqual([]);
  });

  it('leaves without the requests of a server that hangs', async () => {
    await servers[0]!.ready();
    replica.take();
    isHealthy = false;

    const leaving = replica.leave();
    await pass(20);
    await leaving;

    expect(replica.diagnosis()).toBe('failed its health check 4 times');
    expect(servers).toHaveLength(1);
  });

  it('leaves when its last request has ended, and is not started again', async () => {
    await servers[0]!.ready();
    const slots = [replica.take(), replica.take()];

    const leaving = replica.leave();
    slots[0]!.release('done');
    expect(replica.diagnosis()).toBeUndefined();
    slots[1]!.release('done');
    await leaving;

    expect(replica.diagnosis()).toBe('was stopped');
    clock.advance(60_000);
    replica.tend();
    expect(servers).toHaveLength(1);
  });

  it('is ended when a request keeps it longer than one may take', async () => {
    const impatient = started(20);
    await servers[1]!.ready();
    impatient.take();

    await impatient.leave();

    expect(impatient.diagnosis()).toBe('was still busy 20 ms after it was told to stop');
  });
});
