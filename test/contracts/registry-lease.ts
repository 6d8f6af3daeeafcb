import {
  eventsOf,
  goneLive,
  holding,
  idOf,
  LEASE_SECONDS,
  leaseFor,
  type OpenWorld,
  refusal,
  START_MS,
  statesOf,
  upload,
  walkTo,
} from '../support/worlds/registry.ts';

export function describeLease(open: OpenWorld): void {
  describe('the lease', () => {
    it('is acquired when it is free, with epoch 1', async () => {
      const { registry } = open();
      const { deployment } = await registry.admit(upload(1));

      expect(await registry.acquireLease(leaseFor(1))).toEqual({
        kind: 'acquired',
        epoch: 1,
        deployment,
      });
    });

    it('gives a holder that asks again the same epoch', async () => {
      const { registry } = open();
      await registry.admit(upload(1));
      const first = await registry.acquireLease(leaseFor(1));

      expect(await registry.acquireLease(leaseFor(1))).toEqual(first);
    });

    it('is held for the time asked, and the next deployment of the model waits, announced once', async () => {
      const world = open();
      await holding(world, 1);
      await world.registry.admit(upload(2));

      const first = await world.registry.acquireLease(leaseFor(2));
      const second = await world.registry.acquireLease(leaseFor(2));

      expect(first).toEqual({
        kind: 'held',
        epoch: 1,
        deploymentId: idOf(1),
        execution: 'run-1',
        leaseUntilMs: START_MS + LEASE_SECONDS * 1000,
      });
      expect(second).toEqual(first);
      expect(await statesOf(world, idOf(2))).toEqual(['Admitted', 'Waiting']);
      expect((await eventsOf(world, idOf(2))).at(-1)?.detail.reason).toContain(idOf(1));
    });

    it('does not stand in the way of another model', async () => {
      const world = open();
      await holding(world, 1);
      await world.registry.admit(upload(2, 'digits'));

      expect(await world.registry.acquireLease(leaseFor(2))).toMatchObject({ kind: 'acquired' });
    });

    it('stays its holder’s after it has run out, until it is taken over by its epoch', async () => {
      const world = open();
      await holding(world, 1);
      await world.registry.admit(upload(2));
      world.clock.advance(LEASE_SECONDS * 1000 + 1);

      expect(await world.registry.acquireLease(leaseFor(2))).toMatchObject({ kind: 'held' });
      expect(await world.registry.acquireLease(leaseFor(2, { over: 1 }))).toMatchObject({
        kind: 'acquired',
        epoch: 2,
      });
    });

    it('is not taken over when its epoch is no longer the one that was seen dead', async () => {
      const world = open();
      await holding(world, 1);
      await world.registry.adopt(idOf(1), 'run-1', 'run-1b');
      await world.registry.acquireLease(leaseFor(1, { execution: 'run-1b' }));
      await world.registry.admit(upload(2));

      expect(await world.registry.acquireLease(leaseFor(2, { over: 1 }))).toMatchObject({
        kind: 'held',
        epoch: 2,
        execution: 'run-1b',
      });
    });

    it('goes on with the next epoch after it was free', async () => {
      const world = open();
      const holder = await holding(world, 1);
      await world.registry.releaseLease(holder);

      const next = await holding(world, 2);

      expect(next.epoch).toBe(holder.epoch + 1);
    });

    it('is refused to a deployment that has ended, or that nobody knows', async () => {
      const { registry } = open();
      await registry.refuse(refusal(1, 'Ignored'));

      await expect(registry.acquireLease(leaseFor(1))).rejects.toMatchObject({
        name: 'PhaseConflict',
      });
      await expect(registry.acquireLease(leaseFor(7))).rejects.toMatchObject({
        name: 'InputInvalid',
      });
    });

    it('is given to a deployment that is live but not ended, so that it can finish', async () => {
      const world = open();
      await goneLive(world, 1);
      await world.registry.adopt(idOf(1), 'run-1', 'run-1b');

      expect(await world.registry.acquireLease(leaseFor(1, { execution: 'run-1b' }))).toMatchObject(
        {
          kind: 'acquired',
          epoch: 2,
          deployment: { phase: 'Live' },
        },
      );
    });
  });

  describe('looking at the lease', () => {
    it('answers whose it is and until when, and changes nothing', async () => {
      const world = open();
      const holder = await holding(world, 1);

      const lease = await world.registry.lease('shapes');

      expect(lease).toEqual({
        epoch: holder.epoch,
        holder: {
          deploymentId: idOf(1),
          execution: 'run-1',
          leaseSeconds: LEASE_SECONDS,
          leaseUntilMs: START_MS + LEASE_SECONDS * 1000,
        },
      });
      expect(await world.registry.lease('shapes')).toEqual(lease);
      expect(await world.registry.lease('digits')).toBeUndefined();
    });
  });

  describe('a lease that outlived its deployment', () => {
    it('is freed, once', async () => {
      const world = open();
      const holder = await holding(world, 1);
      await world.registry.advance(holder, 'Failed', {}, {});

      expect(await world.registry.freeDeadLease('shapes', idOf(1))).toBe(false);
      await world.registry.settle({ deploymentId: idOf(1), reason: '', degraded: false });
      expect(await world.registry.freeDeadLease('shapes', idOf(1))).toBe(false);
      expect((await world.registry.lease('shapes'))?.holder).toBeNull();
    });

    it('is left to a deployment that goes on, and to another one', async () => {
      const world = open();
      await holding(world, 1);
      await world.registry.admit(upload(2));

      expect(await world.registry.freeDeadLease('shapes', idOf(1))).toBe(false);
      expect(await world.registry.freeDeadLease('shapes', idOf(2))).toBe(false);
      expect(await world.registry.freeDeadLease('digits', idOf(1))).toBe(false);
      expect((await world.registry.lease('shapes'))?.holder?.deploymentId).toBe(idOf(1));
    });
  });

  describe('newest wins', () => {
    it('supersedes a deployment that has not begun when it asks for the lease, not before', async () => {
      const world = open();
      await holding(world, 1);
      await world.registry.admit(upload(2));
      await world.registry.acquireLease(leaseFor(2));
      await world.registry.admit(upload(3));
      expect(await world.registry.deployment(idOf(2))).toMatchObject({ phase: 'Waiting' });

      const result = await world.registry.acquireLease(leaseFor(2));
      const again = await world.registry.acquireLease(leaseFor(2));

      expect([result, again]).toEqual([{ kind: 'superseded' }, { kind: 'superseded' }]);
      expect(await world.registry.deployment(idOf(2))).toMatchObject({
        phase: 'Superseded',
        version: 2,
        endedAtMs: START_MS,
      });
      expect(await statesOf(world, idOf(2))).toEqual(['Admitted', 'Waiting', 'Superseded']);
    });

    it('supersedes a recovered deployment that held the lease and had not begun, and frees it', async () => {
      const world = open();
      await holding(world, 1);
      await world.registry.admit(upload(2));
      await world.registry.adopt(idOf(1), 'run-1', 'run-1b');

      const outdated = await world.registry.acquireLease(leaseFor(1, { execution: 'run-1b' }));

      expect(outdated).toEqual({ kind: 'superseded' });
      expect(await world.registry.acquireLease(leaseFor(2))).toMatchObject({ kind: 'acquired' });
    });

    it('lets a deployment that has begun go on', async () => {
      const world = open();
      await walkTo(world, await holding(world, 1), 'Inspected');
      await world.registry.admit(upload(2));
      await world.registry.adopt(idOf(1), 'run-1', 'run-1b');

      expect(await world.registry.acquireLease(leaseFor(1, { execution: 'run-1b' }))).toMatchObject(
        {
          kind: 'acquired',
        },
      );
    });
  });

  describe('releasing the lease', () => {
    it('frees it and ends a deployment whose phase is terminal, however often', async () => {
      const world = open();
      const holder = await goneLive(world, 1);
      world.clock.advance(5);

      await world.registry.releaseLease(holder);
      world.clock.advance(5);
      await world.registry.releaseLease(holder);

      expect(await world.registry.deployment(idOf(1))).toMatchObject({ endedAtMs: START_MS + 5 });
      expect(await holding(world, 2)).toMatchObject({ epoch: 2 });
    });

    it('leaves a deployment in another phase to be settled', async () => {
      const world = open();
      const holder = await holding(world, 1);

      await world.registry.releaseLease(holder);

      expect(await world.registry.deployment(idOf(1))).toMatchObject({ endedAtMs: null });
      await world.registry.settle({ deploymentId: idOf(1), reason: 'stopped', degraded: false });
      expect(await statesOf(world, idOf(1))).toEqual(['Admitted', 'Failed']);
    });

    it('does nothing to a lease that is another’s by now', async () => {
      const world = open();
      const holder = await holding(world, 1);
      await world.registry.admit(upload(2));
      await world.registry.acquireLease(leaseFor(2, { over: holder.epoch }));

      await world.registry.releaseLease(holder);

      await expect(
        world.registry.recordWork({ deploymentId: idOf(2), epoch: 2 }, {}),
      ).resolves.toMatchObject({ id: idOf(2) });
    });

    it('does nothing for a deployment that nobody knows', async () => {
      const { registry } = open();

      await expect(
        registry.releaseLease({ deploymentId: idOf(7), epoch: 1 }),
      ).resolves.toBeUndefined();
    });
  });
}
