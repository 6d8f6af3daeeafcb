import type { Platform, RevisionSpec } from '#ports/platform.ts';

/** A platform under test, with revisions whose fate is known, requests in flight, and a look behind. */
export type PlatformWorld = {
  readonly platform: Platform;
  spec(fate: 'serves' | 'fails' | 'hangs', over?: Partial<RevisionSpec>): RevisionSpec;
  /** Whether it ends a server that is not ready in its time; else the workflow's deadline does, and the revision stays pending. */
  readonly endsLateStarts: boolean;
  /** How long to drain while no request is in flight: more than 0 where nobody knows that. */
  readonly idleDrainSeconds: number;
  /** How long to drain while a request is in flight: 0 where nothing of a revision is ever stopped. */
  readonly busyDrainSeconds: number;
  /** The one line a failing revision's server writes. */
  readonly lastWords: string;
  /** Begins a request; answers how to end it. */
  request(revision: string): Promise<() => void>;
  /** How many servers were ever started for a revision. */
  starts(revision: string): Promise<number>;
  close(): Promise<void>;
};

// Only a hanging start would take so long.
const LONG = { waitMs: 3_600_000 };
const AT_ONCE = { waitMs: 0 };
const EPOCH = 5;

/** The promises of the Platform port, for every adapter and every fake. */
export function describePlatform(name: string, open: () => Promise<PlatformWorld>): void {
  describe(`${name} as a Platform`, () => {
    let world: PlatformWorld;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.close());

    async function ready(over: Partial<RevisionSpec> = {}): Promise<RevisionSpec> {
      const spec = world.spec('serves', over);
      await world.platform.create(spec, EPOCH);
      await world.platform.describe(spec.revision, LONG);
      return spec;
    }

    it('knows nothing of a revision that was never created', async () => {
      const { platform } = world;

      expect(await platform.describe('digits-v9', LONG)).toEqual({ kind: 'absent' });
      expect(await platform.drainSeconds('digits-v9')).toBe(0);
      expect(await platform.logTail('digits-v9', { lines: 10 })).toEqual([]);
      await platform.retire('digits-v9', EPOCH);
      await platform.remove('digits-v9', EPOCH);
    });

    it('answers a creation before the revision is ready', async () => {
      const spec = world.spec('serves');

      await world.platform.create(spec, EPOCH);

      const state = await world.platform.describe(spec.revision, AT_ONCE);
      expect(state).toEqual({ kind: 'pending', reason: expect.stringMatching(/./) });
    });

    it('tells that a revision is ready as soon as it is, not when the wait is over', async () => {
      const spec = world.spec('serves');
      await world.platform.create(spec, EPOCH);

      expect(await world.platform.describe(spec.revision, LONG)).toMatchObject({ kind: 'ready' });
      expect(await world.platform.describe(spec.revision, AT_ONCE)).toMatchObject({
        kind: 'ready',
      });
    });

    it('tells why a revision failed, with the last lines of its server', async () => {
      const spec = world.spec('fails');
      await world.platform.create(spec, EPOCH);

      expect(await world.platform.describe(spec.revision, LONG)).toEqual({
        kind: 'failed',
        reason: expect.stringMatching(/(?:code|status) 1\b/),
        logTail: [world.lastWords],
      });
      const tail = await world.platform.logTail(spec.revision, { lines: 5 });
      // A platform may have started it more than once.
      expect(new Set(tail.map(({ text }) => text))).toEqual(new Set([world.lastWords]));
      expect(tail.every(({ timeMs }) => Number(timeMs) > 0)).toBe(true);
    });

    it('gives up a revision that does not get ready in its time, if it is the one to do so', async () => {
      const spec = world.spec('hangs', { startupTimeoutSeconds: 0.4 });
      await world.platform.create(spec, EPOCH);

      const wait = world.endsLateStarts ? LONG : { waitMs: 5_000 };
      const state = await world.platform.describe(spec.revision, wait);

      const late = { kind: 'failed', reason: expect.stringContaining('not ready in 0.4 s') };
      expect(state).toMatchObject(world.endsLateStarts ? late : { kind: 'pending' });
    });

    it('leaves a revision pending when the wait is shorter than its start', async () => {
      const spec = world.spec('hangs', { startupTimeoutSeconds: 600 });
      await world.platform.create(spec, EPOCH);

      const state = await world.platform.describe(spec.revision, { waitMs: 30 });

      expect(state.kind).toBe('pending');
    });

    it('creates a revision once, however often the same deployment asks', async () => {
      const spec = world.spec('serves');

      await Promise.all([world.platform.create(spec, EPOCH), world.platform.create(spec, EPOCH)]);
      await world.platform.describe(spec.revision, LONG);
      await world.platform.create(spec, EPOCH);

      expect(await world.platform.describe(spec.revision, AT_ONCE)).toMatchObject({
        kind: 'ready',
      });
      expect(await world.starts(spec.revision)).toBe(1);
    });

    it('keeps a failed revision failed when its deployment asks for it again', async () => {
      const spec = world.spec('fails');
      await world.platform.create(spec, EPOCH);
      await world.platform.describe(spec.revision, LONG);

      await world.platform.create(spec, EPOCH);

      expect(await world.platform.describe(spec.revision, AT_ONCE)).toMatchObject({
        kind: 'failed',
      });
    });

    it('refuses a revision that another deployment has made', async () => {
      const spec = await ready({ deploymentId: 'd1' });

      const creation = world.platform.create({ ...spec, deploymentId: 'd2' }, EPOCH);

      await expect(creation).rejects.toMatchObject({ name: 'RevisionFailed' });
      expect(await world.platform.describe(spec.revision, AT_ONCE)).toMatchObject({
        kind: 'ready',
      });
    });

    it('keeps a retired revision, and starts it again when it is asked for', async () => {
      const spec = await ready();

      await world.platform.retire(spec.revision, EPOCH);
      await world.platform.retire(spec.revision, EPOCH);
      const retired = await world.platform.describe(spec.revision, AT_ONCE);
      await world.platform.create(spec, EPOCH);

      expect(['ready', 'pending']).toContain(retired.kind);
      expect(await world.platform.describe(spec.revision, LONG)).toMatchObject({ kind: 'ready' });
      const end = await world.request(spec.revision);
      end();
    });

    it('names the revisions that are there, retired ones too', async () => {
      const first = await ready({ version: 1 });
      const second = await ready({ version: 2 });
      const removed = await ready({ version: 3 });
      await world.platform.retire(first.revision, EPOCH);
      await world.platform.remove(removed.revision, EPOCH);

      const named = await world.platform.revisions();

      const byName = named.toSorted((a, b) => a.revision.localeCompare(b.revision));
      expect(byName).toEqual([first, second].map(({ revision, model }) => ({ revision, model })));
    });

    it('takes a removed revision away, and its removal twice is no error', async () => {
      const { revision } = await ready();

      await world.platform.remove(revision, EPOCH);
      await world.platform.remove(revision, EPOCH);

      expect(await world.platform.describe(revision, LONG)).toEqual({ kind: 'absent' });
    });

    it('removes a revision that is still pending', async () => {
      const spec = world.spec('hangs');
      await world.platform.create(spec, EPOCH);

      await world.platform.remove(spec.revision, EPOCH);

      expect(await world.platform.describe(spec.revision, LONG)).toEqual({ kind: 'absent' });
    });

    it('gives the name of a removed revision to another deployment', async () => {
      const spec = await ready({ deploymentId: 'd1' });
      await world.platform.remove(spec.revision, EPOCH);

      await ready({ deploymentId: 'd2' });

      expect(await world.platform.describe(spec.revision, AT_ONCE)).toMatchObject({
        kind: 'ready',
      });
    });

    it('leaves other revisions alone when it removes one', async () => {
      const first = await ready({ version: 1 });
      const second = await ready({ version: 2 });

      await world.platform.remove(first.revision, EPOCH);

      expect(await world.platform.describe(second.revision, AT_ONCE)).toMatchObject({
        kind: 'ready',
      });
    });

    it('changes nothing for an epoch that is over', async () => {
      const spec = await ready({ version: 1 });
      const late = world.spec('serves', { version: 2 });
      const { platform } = world;
      const lost = { name: 'LeaseLost' };

      await expect(platform.create(late, EPOCH - 1)).rejects.toMatchObject(lost);
      await expect(platform.retire(spec.revision, EPOCH - 1)).rejects.toMatchObject(lost);
      await expect(platform.remove(spec.revision, EPOCH - 1)).rejects.toMatchObject(lost);

      expect(await platform.describe(late.revision, LONG)).toEqual({ kind: 'absent' });
      expect(await platform.describe(spec.revision, AT_ONCE)).toMatchObject({ kind: 'ready' });
      expect(await world.starts(spec.revision)).toBe(1);
    });

    it('takes an epoch for over once a later one has taken away what was not there', async () => {
      const spec = world.spec('serves');
      await world.platform.remove(spec.revision, EPOCH);

      const creation = world.platform.create(spec, EPOCH - 1);

      await expect(creation).rejects.toMatchObject({ name: 'LeaseLost' });
    });

    it('counts the epochs of each model by themselves', async () => {
      await ready();

      const other = world.spec('serves', { model: 'letters' });

      await expect(world.platform.create(other, EPOCH - 1)).resolves.toBeUndefined();
    });

    it('keeps nothing of a model that is forgotten', async () => {
      const spec = await ready();
      await world.platform.remove(spec.revision, EPOCH);

      await world.platform.forget(spec.model, EPOCH);
      await world.platform.forget(spec.model, EPOCH);

      expect(await world.platform.revisions()).toEqual([]);
      expect(await world.platform.describe(spec.revision, AT_ONCE)).toEqual({ kind: 'absent' });
    });

    it('is told to forget a model by none but the latest holder of its lease, and goes on to refuse those before', async () => {
      const spec = await ready();
      await world.platform.remove(spec.revision, EPOCH);

      await expect(world.platform.forget(spec.model, EPOCH - 1)).rejects.toMatchObject({
        name: 'LeaseLost',
      });
      await world.platform.forget(spec.model, EPOCH);

      await expect(world.platform.create(spec, EPOCH - 1)).rejects.toMatchObject({
        name: 'LeaseLost',
      });
    });

    it('asks for a drain while requests are in flight, if it could cut them off', async () => {
      const { revision } = await ready();
      expect(await world.platform.drainSeconds(revision)).toBe(world.idleDrainSeconds);

      const end = await world.request(revision);
      expect(await world.platform.drainSeconds(revision)).toBe(world.busyDrainSeconds);

      end();
      expect(await world.platform.drainSeconds(revision)).toBe(world.idleDrainSeconds);
    });
  });
}
