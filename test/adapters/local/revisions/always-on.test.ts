import { join } from 'node:path';
import { openDatabase } from '#adapters/local/registry/database.ts';
import { shareTable } from '#adapters/local/registry/share-table.ts';
import { localCeilings } from '#adapters/local/revisions/ceilings.ts';
import type { LocalPlatform } from '#adapters/local/revisions/revision-platform.ts';
import type { Scaling } from '#domain/manifest/scaling.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import { eventually } from '../../../support/clock/eventually.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';
import { fakeTimers } from '../../../support/clock/fake-timers.ts';
import {
  livePids,
  openPlatform,
  type PlatformFolder,
  pidsOf,
  platformFolder,
  slotOf,
} from '../../../support/local/platform.ts';
import { isAlive } from '../../../support/local/processes.ts';
import { needing, notLinux } from '../../../support/needs.ts';
import type { Behaviour } from '../../../support/servers/behaviour.ts';

const LONG = { waitMs: 3_600_000 };
const AT_ONCE = { waitMs: 0 };
const HOUR_MS = 3_600_000;
const PATIENT = new AbortController().signal;
const scaling = (min: number, max = min) => ({ min, max, requestsPerMinute: 60, schedules: [] });

/** Returns 0 for a request that a dying server broke; `slotOf` throws when it gets no slot. */
function broken(error: Error): number {
  if (/^[0-9]{3}: /.test(error.message)) throw error;
  return 0;
}

describe('a revision whose replicas always run', () => {
  // A Friday morning.
  const clock = fakeClock(Date.parse('2026-11-27T08:00:00Z'));
  let folder: PlatformFolder;
  let platform: LocalPlatform;
  const open = () => openPlatform(folder, { clock }, 'fargate');
  beforeEach(() => {
    folder = platformFolder();
    platform = open();
  });
  afterEach(async () => {
    await platform.close();
    folder.delete();
  });

  async function created(behaviour: Behaviour, over: Partial<RevisionSpec> = {}) {
    const spec = folder.spec(behaviour, over);
    await platform.create(spec, 1);
    await platform.describe(spec.revision, LONG);
    return spec;
  }

  async function pidOf(origin: string): Promise<number> {
    const answer = await fetch(`${origin}/invocations`, { method: 'POST', body: '{}' });
    return ((await answer.json()) as { readonly pid: number }).pid;
  }

  /** One request as the gateway sends it: to a replica that listens, to another if that one does not. */
  async function call(revision: string): Promise<number> {
    const slot = await slotOf(platform, revision);
    return pidOf(slot.origin).finally(() => slot.release('done'));
  }

  const isServing = (revision: string, replicas: number) => async () => {
    const pids = await Promise.all(Array.from({ length: replicas }, () => call(revision)));
    return new Set(pids).size === replicas && pids;
  };

  it('is ready once all of them are, and shares its requests among them', async () => {
    const { revision } = await created('answers', { scaling: scaling(3) });

    const inTurn = [await call(revision), await call(revision), await call(revision)];

    expect(new Set(inTurn).size).toBe(3);
    expect(livePids(folder, revision)).toHaveLength(3);
  });

  it('answers many requests at once by each, first by the one that has the fewest', async () => {
    const { revision } = await created('answers', { scaling: scaling(2) });
    const first = await slotOf(platform, revision);
    const second = await slotOf(platform, revision);
    const third = await slotOf(platform, revision);
    expect(second.origin).not.toBe(first.origin);
    expect(platform.inFlight(revision)).toBe(3);

    const busier = third.origin;
    const fourth = await slotOf(platform, revision);

    expect(fourth.origin).not.toBe(busier);
    for (const slot of [first, second, third, fourth]) slot.release('done');
    expect(platform.inFlight(revision)).toBe(0);
  });

  it('fails when one of them does not start, and says so in the next request', async () => {
    const { revision } = await created('crashes-at-load', { scaling: scaling(2) });

    expect(await platform.describe(revision, AT_ONCE)).toMatchObject({
      kind: 'failed',
      reason: 'the model server of digits-v1 exited with code 1',
    });
    expect(await platform.invoke(revision, PATIENT, 'shared')).toMatchObject({
      status: 503,
      error: 'the model server of digits-v1 exited with code 1',
    });
    await platform.tend();
    expect(livePids(folder, revision)).toEqual([]);
    await expect(platform.start(revision)).rejects.toMatchObject({ name: 'RevisionFailed' });
  });

  it('leaves no server when it closes, those that are ending already included', async () => {
    const timers = fakeTimers();
    await platform.close();
    platform = openPlatform(folder, { clock, timers }, 'fargate');
    const spec = folder.spec('never-ready', { scaling: scaling(3), startupTimeoutSeconds: 9 });
    await platform.create(spec, 1);
    const pids = await eventually(() => {
      const started = pidsOf(folder, spec.revision);
      return started.length === 3 && started;
    });
    timers.advance(9_000);

    await platform.close();

    expect(pids.filter(isAlive)).toEqual([]);
    platform = open();
  });

  it('goes on with the others when one is killed under load, and starts it again', async () => {
    const { revision } = await created('answers', { scaling: scaling(2) });
    const victim = livePids(folder, revision)[0] ?? 0;
    let isOver = false;
    const answers: number[] = [];
    const client = async () => {
      // The victim's own requests break with it; no other is to be refused.
      while (!isOver) answers.push(await call(revision).catch(broken));
    };
    const clients = Promise.all(Array.from({ length: 8 }, client));
    await eventually(() => answers.includes(victim));

    process.kill(victim, 'SIGKILL');
    const atKill = answers.length;
    await eventually(() => answers.length > atKill + 200);
    await eventually(() => {
      clock.advance(1_000);
      return new Set(answers.filter((pid) => pid > 0)).size === 3;
    });
    isOver = true;
    await clients;

    expect(isAlive(victim)).toBe(false);
    expect(livePids(folder, revision)).toHaveLength(2);
    expect(await platform.describe(revision, AT_ONCE)).toEqual({ kind: 'ready' });
  });

  it('refuses requests while its only one is down, with the reason, and starts it again', async () => {
    const { revision } = await created('crashes-on-request');
    const slot = await slotOf(platform, revision);
    await fetch(slot.origin).catch(() => undefined);
    await eventually(() => slot.diagnosis());
    slot.release('done');

    expect(await platform.invoke(revision, PATIENT, 'shared')).toMatchObject({
      status: 503,
      error: 'digits-v1 has no ready replica: its model server exited with code 3',
    });
    await eventually(async () => {
      clock.advance(1_000);
      return (await platform.invoke(revision, PATIENT, 'shared')).kind === 'slot';
    });
  });

  it('has more of them under load, and fewer when the load is gone', async () => {
    const { revision } = await created('answers', { scaling: scaling(1, 3) });
    for (let count = 0; count < 150; count += 1) {
      (await slotOf(platform, revision)).release('done');
    }

    clock.advance(10_000);
    await platform.tend();
    const pids = await eventually(isServing(revision, 3));
    for (let slices = 0; slices < 32; slices += 1) {
      clock.advance(10_000);
      await platform.tend();
    }

    await eventually(() => pids.filter(isAlive).length === 1);
    expect(await call(revision)).toBe(pids.find(isAlive));
  });

  /** Has that many replicas by the load that this takes. */
  async function loaded(revision: string, replicas: number): Promise<void> {
    for (let count = 0; count < 60 * replicas; count += 1) {
      (await slotOf(platform, revision)).release('done');
    }
    clock.advance(10_000);
    await platform.tend();
    await eventually(isServing(revision, replicas));
  }

  function giveTraffic(model: string, revision: string): void {
    const database = openDatabase(join(folder.root, 'registry.db'));
    shareTable(database).put(model, { [revision]: 100 });
    database.close();
  }

  it('begins with as many as those that it is to take over from, and keeps them until its traffic has come', async () => {
    const { revision, model } = await created('answers', { scaling: scaling(1, 3) });
    giveTraffic(model, revision);
    await loaded(revision, 3);

    const candidate = await created('answers', { version: 2, scaling: scaling(1, 5) });
    expect(livePids(folder, candidate.revision)).toHaveLength(3);
    for (let slices = 0; slices < 29; slices += 1) {
      clock.advance(10_000);
      await platform.tend();
    }

    await eventually(isServing(candidate.revision, 3));
  });

  it('has no more of them than its ceiling allows, whatever the load, and as many again without one', async () => {
    const ceilings = localCeilings();
    await platform.close();
    platform = openPlatform(folder, { clock, ceilings }, 'fargate');
    const { revision } = await created('answers', { scaling: scaling(2, 3) });
    const usual = { min: 2, max: 3 };
    const live = { model: 'digits', revision, target: 'fargate' } as const;
    await loaded(revision, 3);

    await ceilings.set(live, { most: 0, usual, scales: true });
    clock.advance(10_000);
    await platform.tend();
    await eventually(() => livePids(folder, revision).length === 1);
    await ceilings.set(live, { most: null, usual, scales: true });
    await loaded(revision, 3);
  });

  it('begins with its fewest beside a revision that has no traffic, also when it is asked for again', async () => {
    const other = await created('answers', { scaling: scaling(1, 3) });
    await loaded(other.revision, 3);

    const candidate = await created('answers', { version: 2, scaling: scaling(1, 3) });
    await platform.retire(other.revision, 1);
    await platform.create(other, 1);
    await platform.describe(other.revision, LONG);

    expect(livePids(folder, candidate.revision)).toHaveLength(1);
    expect(livePids(folder, other.revision)).toHaveLength(1);
  });

  it('has as many of them as its schedule says', async () => {
    const timeOf = (ms: number) => new Date(ms).toISOString().slice(11, 16);
    const days: Scaling['schedules'][number]['days'] = ['fri'];
    const schedules = [
      { days, at: timeOf(clock.now()), timeZone: 'UTC', min: 1 },
      { days, at: timeOf(clock.now() + HOUR_MS), timeZone: 'UTC', min: 2 },
    ];
    const { revision } = await created('answers', { scaling: { ...scaling(1), schedules } });
    expect(livePids(folder, revision)).toHaveLength(1);

    clock.advance(HOUR_MS);
    await platform.tend();

    await eventually(isServing(revision, 2));
  });

  it('ends when it is retired, once its requests have ended', async () => {
    const { revision } = await created('answers', { scaling: scaling(2) });
    const slot = await slotOf(platform, revision);

    const retirement = platform.retire(revision, 1);
    await eventually(() => livePids(folder, revision).length === 1);
    const pid = await pidOf(slot.origin);
    slot.release('done');
    await retirement;

    expect(isAlive(pid)).toBe(false);
    expect(livePids(folder, revision)).toEqual([]);
    expect(await platform.invoke(revision, PATIENT, 'shared')).toMatchObject({
      status: 503,
      error: 'digits-v1 is retired',
    });
  });

  it('stays retired over a restart, and then starts again when it is asked for', async () => {
    const spec = await created('answers');
    await platform.retire(spec.revision, 1);
    await platform.close();
    platform = open();
    expect((await platform.describe(spec.revision, LONG)).kind).toBe('pending');
    expect(livePids(folder, spec.revision)).toEqual([]);

    await platform.create(spec, 2);

    expect(await platform.describe(spec.revision, LONG)).toEqual({ kind: 'ready' });
    expect(livePids(folder, spec.revision)).toHaveLength(1);
  });

  it('serves after a restart, without a request that asks for it', async () => {
    const { revision } = await created('answers', { scaling: scaling(2) });
    await platform.close();
    expect(livePids(folder, revision)).toEqual([]);

    platform = open();
    await platform.start(revision);

    expect(livePids(folder, revision)).not.toEqual([]);
    await eventually(isServing(revision, 2));
  });

  it('lets requests wait for its replicas after a restart, instead of refusing them', async () => {
    const { revision } = await created('answers', { scaling: scaling(2) });
    await platform.close();

    platform = open();

    await call(revision);
    expect(livePids(folder, revision)).toHaveLength(2);
  });

  it('is proven again after a restart that came while it was pending', async () => {
    const spec = folder.spec('answers');
    await platform.create(spec, 1);
    await platform.close();
    platform = open();

    expect(await platform.describe(spec.revision, LONG)).toEqual({ kind: 'ready' });
  });

  it('is retired while it starts, and is not taken for failed by that', async () => {
    const spec = folder.spec('never-ready');
    await platform.create(spec, 1);
    await platform.retire(spec.revision, 1);

    expect(livePids(folder, spec.revision)).toEqual([]);
    expect(await platform.describe(spec.revision, LONG)).toMatchObject({ kind: 'pending' });
  });

  needing(notLinux, () => {
    it('ends the replica that is over its memory, and not the others', async () => {
      const { revision } = await created('allocates', { memoryMiB: 200, scaling: scaling(2) });
      const [slot, other] = [await slotOf(platform, revision), await slotOf(platform, revision)];

      await expect(fetch(slot.origin)).rejects.toThrow();

      expect(slot.diagnosis()).toMatch(
        /^the model server of digits-v1 used \d+ MiB; the limit is 200 MiB$/,
      );
      expect(other.diagnosis()).toBeUndefined();
      expect((await fetch(`${other.origin}/ping`)).status).toBe(200);
    });
  });
});
