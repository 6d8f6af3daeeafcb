import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ModelServer, serverAfter } from '#adapters/local/servers/model-server.ts';
import { type ServerRoom, serverRoom } from '#adapters/local/servers/server-room.ts';
import { type FakeTimers, fakeTimers } from '../../../support/clock/fake-timers.ts';
import {
  type ScriptedModelServer,
  scriptedModelServer,
} from '../../../support/local/scripted-model-server.ts';

describe('the room for model servers', () => {
  let timers: FakeTimers;
  let room: ServerRoom;
  let launched: string[];
  let servers: Map<string, ScriptedModelServer>;
  const held = new Map<number, number>();
  beforeEach(() => {
    timers = fakeTimers();
    launched = [];
    servers = new Map();
    held.clear();
    room = serverRoom({
      budgetMiB: 1_000,
      startsAtOnce: 1,
      timers,
      measure: (pid) => held.get(pid) ?? null,
    });
  });

  const launch = (name: string) => () => {
    launched.push(name);
    const scripted = scriptedModelServer(launched.length);
    servers.set(name, scripted);
    return scripted.server;
  };

  /** A candidate of the model `name`, as its first version or an upgrade. */
  function candidate(name: string, { isUpgrade = false, expectedMiB = 100 } = {}) {
    const about = { revision: `${name}-v1`, model: name, isUpgrade, expectedMiB };
    return room.candidate(about, launch(name));
  }

  async function ready(name: string): Promise<void> {
    await servers.get(name)?.ready();
    await nextTurn();
  }

  async function end(name: string): Promise<void> {
    await servers.get(name)?.crash();
    await nextTurn();
  }

  it('starts as many candidates at once as it may, and the next when one is ready or has ended', async () => {
    for (const name of ['a', 'b', 'c']) candidate(name);
    await nextTurn();
    expect(launched).toEqual(['a']);

    await ready('a');
    expect(launched).toHaveLength(2);

    await end(launched[1] ?? '');
    expect(launched).toHaveLength(3);
  });

  it('passes the turn of one on that loads for long, once', async () => {
    for (const name of ['a', 'b', 'c']) candidate(name);
    await nextTurn();

    timers.advance(1_999);
    await nextTurn();
    expect(launched).toEqual(['a']);
    timers.advance(1);
    await nextTurn();
    expect(launched).toHaveLength(2);

    await ready('a');

    expect(launched).toHaveLength(2);
  });

  it('starts upgrades of live models before first versions', async () => {
    for (const name of ['a', 'b', 'c']) candidate(name);
    candidate('live', { isUpgrade: true });
    await nextTurn();

    await ready('a');

    expect(launched).toEqual(['a', 'live']);
  });

  it('starts the newest in every other turn, so that it is not behind all that came before', async () => {
    const names = Array.from({ length: 9 }, (_, index) => `broken-${index}`);
    for (const name of [...names, 'good']) candidate(name);
    await nextTurn();

    await end('broken-0');

    expect(launched).toEqual(['broken-0', 'good']);
  });

  it('starts what serves a live version at once, whatever waits', async () => {
    for (const name of ['a', 'b']) candidate(name);
    room.live(100, launch('live'));
    await nextTurn();

    expect(launched).toContain('live');
  });

  it('keeps a candidate waiting that does not fit, says why, and starts it when there is memory', async () => {
    room.live(950, launch('live'));
    candidate('a');
    await nextTurn();
    expect(launched).toEqual(['live']);
    expect(room.waitsFor('a-v1')).toBe(
      'it waits for memory: it needs about 100 MiB, and model servers hold 950 of the 1000 MiB that they may',
    );

    await end('live');

    expect(launched).toEqual(['live', 'a']);
    expect(room.waitsFor('a-v1')).toBeUndefined();
  });

  it('lets one that fits go before one that is too large for now', async () => {
    room.live(500, launch('live'));
    candidate('large', { expectedMiB: 700 });
    candidate('small');
    await nextTurn();

    expect(launched).toEqual(['live', 'small']);
  });

  it('tries a model that is larger than all of the memory where nothing else runs', async () => {
    candidate('huge', { expectedMiB: 5_000 });
    await nextTurn();

    expect(launched).toEqual(['huge']);
  });

  it('ends the servers that were idle for the longest time, as many as make room', async () => {
    const ended: string[] = [];
    const idle = (name: string, sinceMs: number, pid: number) => ({
      sinceMs,
      server: scriptedModelServer(9, pid).server,
      expectedMiB: 100,
      end: async () => void ended.push(name),
    });
    for (const pid of [1, 2, 3]) held.set(pid, 100);
    timers.advance(60_000);
    room.addIdle(() => [idle('young', 55_000, 1), idle('older', 2_000, 2), idle('oldest', 0, 3)]);
    room.live(1_000, launch('live'));

    candidate('a');

    expect(ended).toEqual(['oldest']);
  });

  describe('where memory is short', () => {
    let ended: string[];
    let gone: () => void;
    /** Two idle servers of 100 MiB each, whose ends take until `gone`. */
    beforeEach(() => {
      ended = [];
      const over = Promise.withResolvers<void>();
      gone = over.resolve;
      const idle = (name: string, sinceMs: number) => ({
        sinceMs,
        // Nobody measures it.
        server: scriptedModelServer(9).server,
        expectedMiB: 100,
        end() {
          ended.push(name);
          return over.promise;
        },
      });
      timers.advance(60_000);
      room.addIdle(() =>
        [idle('older', 0), idle('younger', 1)].filter(({ sinceMs }) => sinceMs >= ended.length),
      );
    });

    it('ends no more servers while those that were told to end are about to', async () => {
      room.live(950, launch('live'));

      candidate('a');
      timers.advance(5_000);
      expect(ended).toEqual(['older']);

      gone();
      await nextTurn();
      timers.advance(500);
      expect(ended).toEqual(['older', 'younger']);
    });

    it('ends none for a candidate that would not fit all the same', () => {
      room.live(1_000, launch('live'));

      candidate('a', { expectedMiB: 300 });
      timers.advance(5_000);

      expect(ended).toEqual([]);
    });

    it('ends what there is for a server of a live version', () => {
      room.live(1_000, launch('live'));

      room.live(300, launch('other'));

      expect(ended).toEqual(['older', 'younger']);
    });
  });

  it('gives on the turn of a candidate that was stopped before its process ran', async () => {
    const first = candidate('a');
    candidate('b');

    await first.stop();
    await nextTurn();

    expect(launched).toEqual(['b']);
  });

  it('gives on the turn of a candidate whose launch fails, and says why', async () => {
    const about = { revision: 'a-v1', model: 'a', isUpgrade: false, expectedMiB: 100 };
    const server = room.candidate(about, () => {
      throw new Error('no descriptors are left');
    });
    candidate('b');
    await nextTurn();

    expect(launched).toEqual(['b']);
    expect(server.diagnosis()).toBe('could not be started: Error: no descriptors are left');
    expect(room.use()).toMatchObject({ servers: 1, waiting: 0 });
  });

  describe('a candidate in a container', () => {
    it('counts by what its container holds, as far as that is known', async () => {
      let heldMiB: number | null = null;
      const container = { memoryMiB: () => heldMiB, cpuSeconds: () => null, weigh() {} };
      const scripted = scriptedModelServer(1, undefined, container);
      room.live(100, () => scripted.server);
      await scripted.ready();
      await nextTurn();

      expect(room.use().usedMiB).toBe(100);
      heldMiB = 700;
      expect(room.use().usedMiB).toBe(700);
    });

    it('weighs less than what serves until it is ready', async () => {
      const told: string[] = [];
      const container = {
        memoryMiB: () => null,
        cpuSeconds: () => null,
        weigh: (weight: string) => void told.push(weight),
      };
      const scripted = scriptedModelServer(1, undefined, container);
      const about = { revision: 'a-v1', model: 'a', isUpgrade: false, expectedMiB: 100 };
      room.candidate(about, () => scripted.server);
      await nextTurn();
      expect(told).toEqual(['low']);

      await scripted.ready();
      await nextTurn();
      expect(told).toEqual(['low', 'full']);
    });

    it('weighs as others do where it serves a live version', async () => {
      const told: string[] = [];
      const weigh = (weight: string) => void told.push(weight);
      const container = { memoryMiB: () => null, cpuSeconds: () => null, weigh };
      const scripted = scriptedModelServer(1, undefined, container);

      room.live(100, () => scripted.server);
      await scripted.ready();
      await nextTurn();

      expect(told).not.toContain('low');
    });
  });

  describe('the priority of a candidate', () => {
    let told: string[];
    const inRoom = (mayRaise: boolean) => {
      told = [];
      const priority = {
        mayRaise: () => mayRaise,
        lower: (pid: number | undefined) => void told.push(`lower ${pid}`),
        raise: (pid: number | undefined) => void told.push(`raise ${pid}`),
      };
      const other = serverRoom({ budgetMiB: 1_000, startsAtOnce: 1, timers, priority });
      const scripted = scriptedModelServer(1, 77);
      const begun = Promise.withResolvers<() => ModelServer>();
      const about = { revision: 'a-v1', model: 'a', isUpgrade: false, expectedMiB: 100 };
      other.candidate(about, () => serverAfter(begun.promise));
      return { scripted, launchNow: () => begun.resolve(() => scripted.server) };
    };

    it('is low from when its process runs, though that takes a while, until it is ready', async () => {
      const { scripted, launchNow } = inRoom(true);
      await nextTurn();
      expect(told).toEqual([]);

      launchNow();
      await nextTurn();
      expect(told).toEqual(['lower 77']);

      await scripted.ready();
      await nextTurn();
      expect(told).toEqual(['lower 77', 'raise 77']);
    });

    it('is not raised once its process has ended, whose number may be another’s', async () => {
      const { scripted, launchNow } = inRoom(true);
      launchNow();
      await nextTurn();

      await scripted.crash();
      await nextTurn();

      expect(told).toEqual(['lower 77']);
    });

    it('stays as it is where it could not be raised again', async () => {
      const { scripted, launchNow } = inRoom(false);
      launchNow();
      await nextTurn();
      await scripted.ready();
      await nextTurn();

      expect(told).toEqual([]);
    });
  });

  it('forgets a candidate that is stopped while it waits', async () => {
    candidate('a');
    const server = candidate('b');

    await server.stop();

    expect(room.use()).toMatchObject({ waiting: 0 });
    expect(server.diagnosis()).toBe('was stopped');
    expect(launched).toEqual(['a']);
  });

  it('says what its servers hold, measured once they have started', async () => {
    room.live(300, launch('live'));
    candidate('a');
    await nextTurn();

    expect(room.use()).toEqual({ budgetMiB: 1_000, usedMiB: 400, servers: 2, waiting: 0 });
  });
});
