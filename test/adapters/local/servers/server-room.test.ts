import { setImmediate as nextTurn } from 'node:timers/promises';
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
      pid,
      end: async () => void ended.push(name),
    });
    for (const pid of [1, 2, 3]) held.set(pid, 100);
    timers.advance(60_000);
    room.addIdle(() => [idle('young', 55_000, 1), idle('older', 2_000, 2), idle('oldest', 0, 3)]);
    room.live(1_000, launch('live'));

    candidate('a');

    expect(ended).toEqual(['oldest']);
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
