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
import { needing, notLinux } from '../../../support/needs.ts';
import type { Behaviour } from '../../../support/servers/behaviour.ts';

const PATIENT = new AbortController().signal;

describe('the instances of a revision', () => {
  const clock = fakeClock(0);
  let folder: PlatformFolder;
  let platform: ReturnType<typeof openPlatform>;
  beforeEach(() => {
    folder = platformFolder();
    platform = openPlatform(folder, { clock, limits: { maxInstances: 2, idleSeconds: 60 } });
  });
  afterEach(async () => {
    await platform.close();
    folder.delete();
  });

  async function deployed(behaviour: Behaviour, over: Partial<RevisionSpec> = {}): Promise<string> {
    const spec = folder.spec(behaviour, over);
    await platform.create(spec, 1);
    await platform.describe(spec.revision, { waitMs: 3_600_000 });
    return spec.revision;
  }

  const request = (origin: string, path = '/invocations') =>
    fetch(`${origin}${path}`, { method: 'POST', body: '{}' });

  it('answer requests one after another by the same process', async () => {
    const revision = await deployed('answers');

    const first = await slotOf(platform, revision);
    first.release('done');
    const second = await slotOf(platform, revision);

    expect(second.origin).toBe(first.origin);
    second.release('done');
  });

  it('let a request wait for its turn until one has room', async () => {
    const revision = await deployed('answers');
    const first = await slotOf(platform, revision);

    const waiting = slotOf(platform, revision);
    expect(platform.inFlight(revision)).toBe(2);
    first.release('done');

    const second = await waiting;
    expect(second.origin).toBe(first.origin);
    expect(pidsOf(folder, revision)).toHaveLength(1);
    second.release('done');
  });

  it('that start serve all who wait for that by one process, while it is quick', async () => {
    await platform.close();
    // A clock that stands still: requests are quick, however slow the machine is.
    const timers = fakeTimers();
    platform = openPlatform(folder, { clock, timers, limits: { maxInstances: 2 } });
    const revision = await deployed('answers');
    await platform.retire(revision, 1);
    const startedBefore = pidsOf(folder, revision).length;

    const statuses = await Promise.all(
      Array.from({ length: 30 }, async () => {
        const slot = await slotOf(platform, revision);
        const { status } = await request(slot.origin);
        slot.release('done');
        return status;
      }),
    );

    expect(statuses).toEqual(statuses.map(() => 200));
    expect(pidsOf(folder, revision).length - startedBefore).toBe(1);
  });

  it('stop when they have been idle for a while, and start again on demand', async () => {
    const revision = await deployed('answers');
    const busy = await slotOf(platform, revision);

    clock.advance(60_000);
    await platform.tend();
    expect(livePids(folder, revision)).toHaveLength(1);

    busy.release('done');
    clock.advance(59_999);
    await platform.tend();
    expect(livePids(folder, revision)).toHaveLength(1);

    clock.advance(1);
    await platform.tend();
    expect(livePids(folder, revision)).toEqual([]);

    const again = await slotOf(platform, revision);
    expect((await request(again.origin)).status).toBe(200);
    again.release('done');
  });

  it('are replaced after a crash, which the request that met it is told of', async () => {
    const revision = await deployed('crashes-on-request');
    const slot = await slotOf(platform, revision);

    await expect(request(slot.origin)).rejects.toThrow();

    const diagnosis = await eventually(() => slot.diagnosis());
    expect(diagnosis).toBe('the model server of digits-v1 exited with code 3');
    slot.release('done');
    const next = await slotOf(platform, revision);
    expect((await fetch(`${next.origin}/ping`)).status).toBe(200);
    next.release('done');
  });

  needing(notLinux, () => {
    it('are ended over their memory limit', async () => {
      const revision = await deployed('allocates', { memoryMiB: 200 });
      const slot = await slotOf(platform, revision);

      await expect(request(slot.origin)).rejects.toThrow();

      expect(slot.diagnosis()).toMatch(
        /^the model server of digits-v1 used (2[0-9]{2}|[3-9][0-9]{2}) MiB; the limit is 200 MiB$/,
      );
      slot.release('done');
    });
  });

  it('are ended when a request takes too long', async () => {
    const revision = await deployed('freezes');
    const slot = await slotOf(platform, revision);
    const answer = request(slot.origin).catch(() => 'lost');
    await eventually(
      async () => (await platform.logTail(revision, { lines: 1 }))[0]?.text === 'it freezes',
    );

    slot.release('timeout');

    expect(await answer).toBe('lost');
    expect(slot.diagnosis()).toBe('the model server of digits-v1 did not answer in 29000 ms');
    await eventually(() => livePids(folder, revision).length === 0);
  });

  it('go on starting for the next request when the first one gives up', async () => {
    const revision = await deployed('answers');
    await platform.retire(revision, 1);
    const client = new AbortController();
    const given = platform.invoke(revision, client.signal, 'shared');

    client.abort();

    expect(await given).toMatchObject({ kind: 'refused', status: 504 });
    expect(platform.inFlight(revision)).toBe(0);
    const next = await slotOf(platform, revision);
    expect(livePids(folder, revision)).toHaveLength(1);
    next.release('done');
  });

  it('give nothing for a revision that is not there, has failed, or is stopped', async () => {
    const failed = await deployed('crashes-at-load', { model: 'broken', revision: 'broken-v1' });
    const revision = await deployed('answers');

    expect(await platform.invoke('digits-v9', PATIENT, 'shared')).toMatchObject({ status: 404 });
    expect(await platform.invoke(failed, PATIENT, 'shared')).toMatchObject({
      status: 502,
      error: 'the model server of broken-v1 exited with code 1',
    });
    const closing = platform.close();
    expect(await platform.invoke(revision, PATIENT, 'shared')).toMatchObject({ status: 503 });
    await closing;
    platform = openPlatform(folder);
  });

  it('start nothing for a request that waits while they are closed', async () => {
    const revision = await deployed('answers');
    const slot = await slotOf(platform, revision);
    const waiting = platform.invoke(revision, PATIENT, 'shared');

    await platform.close();

    expect(await waiting).toMatchObject({ kind: 'refused', status: 503 });
    expect(pidsOf(folder, revision)).toHaveLength(1);
    slot.release('aborted');
    platform = openPlatform(folder);
  });

  it('refuse a request whose process dies or does not get ready', async () => {
    const spec = folder.spec('never-ready', { startupTimeoutSeconds: 0.5 });
    await platform.create(spec, 1);
    const late = await platform.invoke(spec.revision, PATIENT, 'shared');
    const dying = folder.spec('crashes-at-load', { version: 2 });
    await platform.create(dying, 1);
    const dead = await platform.invoke(dying.revision, PATIENT, 'shared');

    expect(late).toMatchObject({
      status: 504,
      error: 'the model server of digits-v1 was not ready in 0.5 s',
    });
    expect(dead).toMatchObject({ status: 502 });
  });
});
