import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { RevisionSpec } from '#ports/platform.ts';
import { describePlatform } from '../../../contracts/platform.ts';
import { eventually } from '../../../support/clock/eventually.ts';
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

const FATES = { serves: 'answers', fails: 'crashes-at-load', hangs: 'never-ready' } as const;
const HOUR_MS = 3_600_000;
const LONG = { waitMs: HOUR_MS };

describePlatform('lambdaPlatform', async () => {
  const folder = platformFolder();
  const platform = openPlatform(folder);
  return {
    platform,
    endsLateStarts: true,
    idleDrainSeconds: 0,
    busyDrainSeconds: 1,
    lastWords: 'the model has no graph',
    spec: (fate, over) => folder.spec(FATES[fate], over),
    async request(revision) {
      const slot = await slotOf(platform, revision);
      return () => slot.release('done');
    },
    starts: async (revision) => pidsOf(folder, revision).length,
    async close() {
      await platform.close();
      folder.delete();
    },
  };
});

describe('lambdaPlatform', () => {
  let folder: PlatformFolder;
  let platform: ReturnType<typeof openPlatform>;
  beforeEach(() => {
    folder = platformFolder();
    platform = openPlatform(folder);
  });
  afterEach(async () => {
    await platform.close();
    folder.delete();
  });

  async function deployed(behaviour: Behaviour, over: Partial<RevisionSpec> = {}): Promise<string> {
    const spec = folder.spec(behaviour, over);
    await platform.create(spec, 1);
    await platform.describe(spec.revision, LONG);
    return spec.revision;
  }

  async function reopen(): Promise<void> {
    await platform.close();
    platform = openPlatform(folder);
  }

  it('serves a ready revision after a restart, by an instance that the first request starts', async () => {
    const revision = await deployed('answers');
    await reopen();
    expect(livePids(folder, revision)).toEqual([]);

    const slot = await slotOf(platform, revision);

    const answer = await fetch(`${slot.origin}/invocations`, { method: 'POST', body: '{}' });
    expect(await answer.json()).toMatchObject({ url: '/invocations', bodyBytes: 2 });
    slot.release('done');
  });

  it('has an instance ready before the first request when it was asked to', async () => {
    const revision = await deployed('answers');
    await reopen();

    await platform.start(revision);

    const before = livePids(folder, revision);
    const slot = await slotOf(platform, revision);
    expect(before).toHaveLength(1);
    expect(livePids(folder, revision)).toEqual(before);
    slot.release('done');
  });

  it('says why a revision could not be started', async () => {
    const revision = await deployed('crashes-at-load');

    await expect(platform.start(revision)).rejects.toMatchObject({
      name: 'RevisionFailed',
      message: 'the model server of digits-v1 exited with code 1',
    });
  });

  it('goes on with a pending revision after a restart', async () => {
    const { revision, ...rest } = folder.spec('answers');
    await platform.create({ revision, ...rest }, 1);
    await reopen();

    expect(await platform.describe(revision, LONG)).toEqual({ kind: 'ready' });
  });

  it('remembers after a restart why a revision failed', async () => {
    const revision = await deployed('crashes-at-load');
    await reopen();

    expect(await platform.describe(revision, { waitMs: 0 })).toEqual({
      kind: 'failed',
      reason: 'the model server of digits-v1 exited with code 1',
      logTail: ['the model has no graph'],
    });
    expect(await platform.logTail(revision, { lines: 5 })).toMatchObject([
      { text: 'the model has no graph' },
    ]);
  });

  it('ends the server that did not get ready in its time', async () => {
    const timers = fakeTimers();
    await platform.close();
    platform = openPlatform(folder, { timers });
    const spec = folder.spec('never-ready', { startupTimeoutSeconds: 9 });
    await platform.create(spec, 1);
    await eventually(() => livePids(folder, spec.revision).length === 1);

    timers.advance(9_000);

    expect(await platform.describe(spec.revision, LONG)).toMatchObject({
      kind: 'failed',
      reason: 'the model server of digits-v1 was not ready in 9 s',
    });
    expect(livePids(folder, spec.revision)).toEqual([]);
  });

  needing(notLinux, () => {
    it('fails a revision whose server holds more memory than it may as soon as it is ready', async () => {
      const revision = await deployed('loads-much', { memoryMiB: 120 });

      expect(await platform.describe(revision, LONG)).toMatchObject({
        kind: 'failed',
        reason: expect.stringMatching(
          /^the model server of digits-v1 used \d+ MiB; the limit is 120 MiB$/,
        ),
      });
      expect(livePids(folder, revision)).toEqual([]);
    });
  });

  it('fails a revision whose server the system cannot start', async () => {
    await platform.close();
    platform = openPlatform(folder, { environment: { PATH: 'no\0path' } });

    const revision = await deployed('answers');

    expect(await platform.describe(revision, LONG)).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('the model server of digits-v1 could not be started'),
    });
  });

  it('leaves nothing of a removed revision, its server being deaf to SIGTERM', async () => {
    const revision = await deployed('ignores-sigterm');
    const pids = livePids(folder, revision);

    await platform.remove(revision, 1);

    expect(pids).toHaveLength(1);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(readdirSync(folder.revisions)).toEqual([]);
    await reopen();
    expect(await platform.describe(revision, { waitMs: 0 })).toEqual({ kind: 'absent' });
  });

  it('does not bring back a revision that was removed while it started', async () => {
    const { revision, ...rest } = folder.spec('never-ready', { version: 1 });
    await platform.create({ revision, ...rest }, 1);

    await platform.remove(revision, 1);
    await deployed('answers', { version: 2 });
    await reopen();

    expect(await platform.describe(revision, { waitMs: 0 })).toEqual({ kind: 'absent' });
  });

  it('retires a revision when its requests have ended, and starts it again on demand', async () => {
    await platform.close();
    platform = openPlatform(folder, { limits: { requestTimeoutMs: HOUR_MS } });
    const revision = await deployed('answers');
    const slot = await slotOf(platform, revision);
    const [pid] = livePids(folder, revision);

    const retirement = platform.retire(revision, 1);
    const answer = await fetch(`${slot.origin}/invocations`, { method: 'POST', body: '{}' });
    slot.release('done');
    // It ends at once: its requests may take an hour.
    await retirement;

    expect(answer.status).toBe(200);
    expect(livePids(folder, revision)).toEqual([]);
    const again = await slotOf(platform, revision);
    expect(livePids(folder, revision)).not.toContain(pid);
    again.release('done');
  });

  it('ends a retired instance whose request does not end in its time', async () => {
    await platform.close();
    platform = openPlatform(folder, { limits: { requestTimeoutMs: 100 } });
    const revision = await deployed('answers');
    const slot = await slotOf(platform, revision);

    await platform.retire(revision, 1);

    expect(livePids(folder, revision)).toEqual([]);
    expect(slot.diagnosis()).toMatch('was still busy 100 ms after its retirement');
    slot.release('aborted');
  });

  it('gives the limits of a request for the revisions it has', async () => {
    const revision = await deployed('answers');

    expect(platform.limits(revision)).toEqual({
      maxRequestBytes: 10_485_760,
      timeoutMs: 29_000,
    });
    expect(platform.limits('digits-v9')).toBeUndefined();
  });

  it('gives one that answers as its server writes the time of a stream', async () => {
    const revision = await deployed('answers', { isStreaming: true });

    expect(platform.placement(revision)).toEqual({ target: 'lambda', isStreaming: true });
    expect(platform.limits(revision)).toEqual({
      maxRequestBytes: 10_485_760,
      timeoutMs: 899_000,
    });
  });

  it('leaves no server when it closes, be it busy, starting or deaf to SIGTERM', async () => {
    const busy = await deployed('freezes', { version: 1 });
    const deaf = await deployed('ignores-sigterm', { version: 2 });
    const { revision: starting, ...rest } = folder.spec('never-ready', { version: 3 });
    await platform.create({ revision: starting, ...rest }, 1);
    const slot = await slotOf(platform, busy);
    fetch(slot.origin).catch(() => undefined);
    await eventually(
      async () => (await platform.logTail(busy, { lines: 1 }))[0]?.text === 'it freezes',
    );
    const pids = await eventually(() => {
      const all = [busy, deaf, starting].flatMap((revision) => livePids(folder, revision));
      return all.length === 3 && all;
    });

    await platform.close();

    expect(pids.filter(isAlive)).toEqual([]);
    platform = openPlatform(folder);
  });

  it('goes on answering by a server that floods its log', async () => {
    const revision = await deployed('floods-its-log');
    const slot = await slotOf(platform, revision);
    await fetch(slot.origin);
    const logBytes = () =>
      statSync(join(folder.logs, `${revision}.log`), { throwIfNoEntry: false })?.size ?? 0;

    await eventually(() => logBytes() > 256 * 1024);
    const next = await fetch(slot.origin);

    expect(next.status).toBe(200);
    slot.release('done');
  });
});
