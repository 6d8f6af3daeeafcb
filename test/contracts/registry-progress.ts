import type { Intent, Trouble } from '#domain/deployment.ts';
import type { Holder, Registry } from '#ports/registry.ts';
import {
  BAKE,
  candidateOf,
  eventsOf,
  holding,
  idOf,
  LEASE_SECONDS,
  leaseFor,
  type OpenWorld,
  START_MS,
  statesOf,
  upload,
  walkTo,
} from '../support/worlds/registry.ts';

const INTENT: Intent = { kind: 'revision', name: 'shapes-v1', target: 'lambda' };
const KEPT = { revision: 'shapes-v2', live: 'shapes-v1', reason: 'it is down' };
const TROUBLE: Trouble = { name: 'RevisionFailed', reason: 'it crashed', fix: 'Mend it.' };

/** Every write that only the holder of the lease may do. */
const HOLDER_WRITES: readonly {
  readonly name: string;
  write(registry: Registry, holder: Holder): Promise<unknown>;
}[] = [
  { name: 'advance', write: (registry, holder) => registry.advance(holder, 'Inspected', {}, {}) },
  { name: 'recordWork', write: (registry, holder) => registry.recordWork(holder, {}) },
  {
    name: 'recordLook',
    write: (registry, holder) => registry.recordLook(holder, { ...BAKE, looks: 1 }, TROUBLE),
  },
  { name: 'recordIntent', write: (registry, holder) => registry.recordIntent(holder, INTENT) },
  { name: 'settleIntent', write: (registry, holder) => registry.settleIntent(holder, INTENT) },
  { name: 'recordTrouble', write: (registry, holder) => registry.recordTrouble(holder, TROUBLE) },
  {
    name: 'commit',
    write: (registry, holder) => registry.commit(holder, { version: 1, previous: null }, {}),
  },
  { name: 'retract', write: (registry, holder) => registry.retract(holder) },
  { name: 'markVersion', write: (registry, holder) => registry.markVersion(holder, 1, 'Retired') },
];

export function describeProgress(open: OpenWorld): void {
  describe.each(HOLDER_WRITES)('$name', ({ name, write }) => {
    it('is refused with LeaseLost once another deployment has the lease, and changes nothing', async () => {
      const world = open();
      const holder = await holding(world, 1);
      await world.registry.admit(upload(2));
      await world.registry.acquireLease(leaseFor(2, { over: holder.epoch }));
      const before = await world.registry.deployment(idOf(1));

      await expect(write(world.registry, holder)).rejects.toMatchObject({ name: 'LeaseLost' });
      expect(await world.registry.deployment(idOf(1))).toEqual(before);
      expect(await statesOf(world, idOf(1))).toEqual(['Admitted']);
    });

    it('is refused with LeaseLost to an execution whose deployment was recovered by another', async () => {
      const world = open();
      const holder = await holding(world, 1);
      await world.registry.adopt(idOf(1), 'run-1', 'run-1b');
      await world.registry.acquireLease(leaseFor(1, { execution: 'run-1b' }));

      await expect(write(world.registry, holder)).rejects.toMatchObject({ name: 'LeaseLost' });
    });

    it('is refused with LeaseLost when the lease is free, or was never there', async () => {
      const world = open();
      const holder = await holding(world, 1);
      await world.registry.releaseLease(holder);

      await expect(write(world.registry, holder)).rejects.toMatchObject({ name: 'LeaseLost' });
      await expect(
        write(world.registry, { deploymentId: idOf(7), epoch: 1 }),
      ).rejects.toMatchObject({ name: 'LeaseLost' });
    });

    if (name !== 'commit' && name !== 'markVersion') {
      it('renews the lease', async () => {
        const world = open();
        const holder = await holding(world, 1);
        await world.registry.admit(upload(2));
        world.clock.advance(1000);

        await write(world.registry, holder);

        expect(await world.registry.acquireLease(leaseFor(2))).toMatchObject({
          leaseUntilMs: START_MS + 1000 + LEASE_SECONDS * 1000,
        });
      });
    }
  });

  describe('progress', () => {
    it('moves a deployment on with what the step found, and announces it', async () => {
      const world = open();
      const holder = await holding(world, 1);
      await walkTo(world, holder, 'Inspected');
      const work = { candidate: candidateOf((await world.registry.deployment(idOf(1)))!) };
      world.clock.advance(1500);

      const deployment = await world.registry.advance(holder, 'Provisioning', work, {
        reason: 'lambda takes it',
        fix: '',
        data: { memoryMiB: 512 },
      });

      expect(deployment).toMatchObject({ phase: 'Provisioning', work, endedAtMs: null });
      expect(deployment.phaseChangedAtMs).toBe(START_MS + 1500);
      expect(await world.registry.deployment(idOf(1))).toEqual(deployment);
      expect((await eventsOf(world, idOf(1))).at(-1)).toEqual({
        source: 'slipway',
        'detail-type': 'Deployment State Change',
        detail: {
          schema: 1,
          eventId: `${idOf(1)}-3`,
          sequence: 3,
          deploymentId: idOf(1),
          model: 'shapes',
          version: 1,
          time: '2026-01-02T03:04:07.178Z',
          state: 'Provisioning',
          reason: 'lambda takes it',
          fix: '',
          data: { memoryMiB: 512 },
        },
      });
    });

    it('answers a repeated move with the record, and neither changes nor announces anything', async () => {
      const world = open();
      const holder = await holding(world, 1);
      const first = await world.registry.advance(holder, 'Inspected', { bake: BAKE }, {});
      world.clock.advance(1000);

      const again = await world.registry.advance(
        holder,
        'Inspected',
        { bake: { ...BAKE, probesSent: 9 } },
        {},
      );

      expect(again).toEqual(first);
      expect(await statesOf(world, idOf(1))).toEqual(['Admitted', 'Inspected']);
    });

    it('refuses a move that the phases do not allow with PhaseConflict', async () => {
      const world = open();
      const holder = await holding(world, 1);
      await walkTo(world, holder, 'Ready');

      for (const to of [
        ...(['Admitted', 'Inspected', 'Baking', 'RolledBack', 'Rejected', 'Undeploying'] as const),
      ]) {
        await expect(world.registry.advance(holder, to, {}, {})).rejects.toMatchObject({
          name: 'PhaseConflict',
        });
      }
      expect(await world.registry.deployment(idOf(1))).toMatchObject({ phase: 'Ready' });
    });

    it('goes from the bake of a step to the next, and announces each', async () => {
      const world = open();
      const holder = await holding(world, 1);
      await walkTo(world, holder, 'Baking');

      await world.registry.advance(holder, 'Shifting', { bake: BAKE }, { data: { step: 2 } });
      await world.registry.advance(holder, 'Baking', {}, {});

      expect((await statesOf(world, idOf(1))).slice(-4)).toEqual([
        ...['Shifting', 'Baking', 'Shifting', 'Baking'],
      ]);
    });

    it('rolls back without a word until it has', async () => {
      const world = open();
      const holder = await holding(world, 1);
      await walkTo(world, holder, 'Baking');

      await world.registry.advance(holder, 'RollingBack', {}, { reason: 'probes fail' });
      expect((await statesOf(world, idOf(1))).at(-1)).toBe('Baking');
      await world.registry.advance(holder, 'RolledBack', {}, { reason: 'probes failed' });

      expect((await eventsOf(world, idOf(1))).at(-1)?.detail).toMatchObject({
        sequence: 7,
        state: 'RolledBack',
        reason: 'probes failed',
      });
    });

    it('keeps what the steps found, the last word of each', async () => {
      const world = open();
      const holder = await holding(world, 1);
      const golden = {
        sample: 'readiness',
        warning: 'proven by readiness only',
        latencyMs: 12,
      } as const;

      await world.registry.recordWork(holder, { golden });
      await world.registry.recordWork(holder, { kept: KEPT });
      const deployment = await world.registry.recordWork(holder, {
        kept: { ...KEPT, reason: 'it is silent' },
      });

      expect(deployment.work).toEqual({ golden, kept: { ...KEPT, reason: 'it is silent' } });
      expect(await world.registry.deployment(idOf(1))).toEqual(deployment);
      expect(await statesOf(world, idOf(1))).toEqual(['Admitted']);
    });

    it('keeps each look of a bake, and the breach in it', async () => {
      const world = open();
      const holder = await holding(world, 1);
      await world.registry.advance(holder, 'Inspected', { bake: BAKE }, {});
      const first = { ...BAKE, looks: 1, probesSent: 10 };
      const second = { ...first, looks: 2, probesSent: 20 };

      const calm = await world.registry.recordLook(holder, first, null);
      const breached = await world.registry.recordLook(holder, second, TROUBLE);

      expect(calm).toMatchObject({ work: { bake: first }, trouble: null });
      expect(breached).toMatchObject({ work: { bake: second }, trouble: TROUBLE });
      expect(await world.registry.deployment(idOf(1))).toEqual(breached);
      expect(await world.registry.recordLook(holder, second, TROUBLE)).toEqual(breached);
    });

    it('drops a look of a bake that comes after another one, with its breach, also where a later step has begun', async () => {
      const world = open();
      const holder = await holding(world, 1);
      const late = { ...BAKE, looks: 1, probesSent: 7 };
      await world.registry.advance(holder, 'Inspected', { bake: BAKE }, {});
      await world.registry.recordLook(holder, { ...BAKE, looks: 1, probesSent: 10 }, null);

      expect(await world.registry.recordLook(holder, late, TROUBLE)).toBeUndefined();
      expect(await world.registry.deployment(idOf(1))).toMatchObject({
        work: { bake: { looks: 1, probesSent: 10 } },
        trouble: null,
      });

      await world.registry.advance(holder, 'Provisioning', { bake: { ...BAKE, looks: 1 } }, {});
      expect(await world.registry.recordLook(holder, late, TROUBLE)).toBeUndefined();
      expect(await world.registry.deployment(idOf(1))).toMatchObject({
        work: { bake: { looks: 1, probesSent: 0 } },
        trouble: null,
      });
    });

    it('keeps one of two looks that are written at once', async () => {
      const world = open();
      const holder = await holding(world, 1);
      await world.registry.advance(holder, 'Inspected', { bake: BAKE }, {});

      const written = await Promise.all(
        [1, 2].map((probesSent) =>
          world.registry.recordLook(holder, { ...BAKE, looks: 1, probesSent }, null),
        ),
      );

      const kept = written.filter((each) => each !== undefined);
      expect(kept).toHaveLength(1);
      expect(await world.registry.deployment(idOf(1))).toEqual(kept[0]);
    });

    it('announces once that a candidate waits for room, and once that it starts', async () => {
      const world = open();
      const holder = await holding(world, 1);
      await walkTo(world, holder, 'Provisioning');
      const candidate = candidateOf((await world.registry.deployment(idOf(1)))!);
      const before = (await eventsOf(world, idOf(1))).length;

      for (const waitsFor of ['it waits for memory', 'it waits for its turn']) {
        await world.registry.recordWork(holder, { candidate: { ...candidate, waitsFor } });
      }
      const { phase } = await world.registry.recordWork(holder, { candidate });
      await world.registry.recordWork(holder, { candidate });

      const told = (await eventsOf(world, idOf(1))).slice(before).map(({ detail }) => detail);
      expect(told).toMatchObject([
        { state: 'Waiting', reason: 'it waits for memory', sequence: before + 1 },
        { state: 'Provisioning', reason: '', sequence: before + 2 },
      ]);
      expect(phase).toBe('Provisioning');
    });

    it('keeps intents in the order they were written, each once, until they are settled', async () => {
      const world = open();
      const holder = await holding(world, 1);
      const other = { ...INTENT, name: 'shapes-v2' };

      await world.registry.recordIntent(holder, INTENT);
      await world.registry.recordIntent(holder, other);
      const both = await world.registry.recordIntent(holder, INTENT);
      const one = await world.registry.settleIntent(holder, INTENT);
      const again = await world.registry.settleIntent(holder, INTENT);

      expect(both.intents).toEqual([INTENT, other]);
      expect(one.intents).toEqual([other]);
      expect(again).toEqual(one);
      expect(await world.registry.deployment(idOf(1))).toEqual(one);
    });

    it('keeps the first trouble: a later one is its consequence', async () => {
      const world = open();
      const holder = await holding(world, 1);

      await world.registry.recordTrouble(holder, TROUBLE);
      const deployment = await world.registry.recordTrouble(holder, {
        ...TROUBLE,
        reason: 'later',
      });

      expect(deployment.trouble).toEqual(TROUBLE);
      expect(await world.registry.deployment(idOf(1))).toEqual(deployment);
    });
  });
}
