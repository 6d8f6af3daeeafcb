import {
  eventsOf,
  goneLive,
  holding,
  idOf,
  leaseFor,
  type OpenWorld,
  START_MS,
  statesOf,
  upload,
  walkTo,
} from '../support/worlds/registry.ts';

const ending = { deploymentId: idOf(1), reason: 'the execution timed out', degraded: false };

export function describeSettle(open: OpenWorld): void {
  describe('settling', () => {
    it('ends a deployment that no step ended as Failed, once, and frees its lease', async () => {
      const world = open();
      await walkTo(world, await holding(world, 1), 'Shifting');
      await world.registry.admit(upload(2));

      const settled = await world.registry.settle({ ...ending, degraded: true });
      const again = await world.registry.settle({ ...ending, reason: 'another reason' });

      expect(settled).toMatchObject({
        phase: 'Failed',
        endedAtMs: START_MS,
        trouble: { name: 'ExecutionEnded', reason: 'the execution timed out', fix: '' },
      });
      expect(again).toEqual(settled);
      expect(await world.registry.deployment(idOf(1))).toEqual(settled);
      const failures = (await eventsOf(world, idOf(1))).filter(
        ({ detail }) => detail.state === 'Failed',
      );
      expect(failures).toMatchObject([
        { detail: { reason: 'the execution timed out', fix: '', data: { degraded: true } } },
      ]);
      expect(await world.registry.acquireLease(leaseFor(2))).toMatchObject({ kind: 'acquired' });
    });

    it('gives the trouble that was recorded as the reason', async () => {
      const world = open();
      const holder = await holding(world, 1);
      const trouble = { name: 'RevisionFailed', reason: 'out of memory', fix: 'Give it more.' };
      await world.registry.recordTrouble(holder, trouble);

      const settled = await world.registry.settle(ending);

      expect(settled?.trouble).toEqual(trouble);
      expect((await eventsOf(world, idOf(1))).at(-1)?.detail).toMatchObject({
        reason: 'out of memory',
        fix: 'Give it more.',
        data: { degraded: false },
      });
    });

    it('ends what a person has given up as Aborted, before any traffic moved', async () => {
      const world = open();
      await walkTo(world, await holding(world, 1), 'Provisioning');
      const trouble = { name: 'Aborted', reason: 'aborted by slipway abort', fix: '' };
      await world.registry.requestAbort(idOf(1), trouble);

      const settled = await world.registry.settle(ending);

      expect(settled).toMatchObject({ phase: 'Aborted', endedAtMs: START_MS, trouble });
      expect((await statesOf(world, idOf(1))).at(-1)).toBe('Aborted');
    });

    it('ends what a person has given up as Failed, once traffic has moved', async () => {
      const world = open();
      await walkTo(world, await holding(world, 1), 'Baking');
      const trouble = { name: 'Aborted', reason: 'aborted by slipway abort', fix: '' };
      await world.registry.requestAbort(idOf(1), trouble);

      expect(await world.registry.settle(ending)).toMatchObject({ phase: 'Failed', trouble });
    });

    it('only ends one whose phase is terminal already, and frees its lease', async () => {
      const world = open();
      await goneLive(world, 1);
      await world.registry.admit(upload(2));
      world.clock.advance(7);

      const settled = await world.registry.settle(ending);

      expect(settled).toMatchObject({ phase: 'Live', endedAtMs: START_MS + 7, trouble: null });
      expect((await statesOf(world, idOf(1))).at(-1)).toBe('Live');
      expect(await world.registry.acquireLease(leaseFor(2))).toMatchObject({ kind: 'acquired' });
    });

    it('leaves the lease of another deployment alone', async () => {
      const world = open();
      const holder = await holding(world, 1);
      await world.registry.admit(upload(2));
      await world.registry.acquireLease(leaseFor(2, { over: holder.epoch }));

      await world.registry.settle(ending);

      await expect(
        world.registry.recordWork({ deploymentId: idOf(2), epoch: 2 }, {}),
      ).resolves.toMatchObject({ id: idOf(2) });
    });

    it('leaves one that has ended, or that nobody knows, as it is', async () => {
      const world = open();
      await world.registry.admit(upload(2));
      const { deployment } = await world.registry.admit(upload(1));

      expect(await world.registry.settle(ending)).toEqual(deployment);
      expect(await world.registry.settle({ ...ending, deploymentId: idOf(7) })).toBeUndefined();
      expect(await statesOf(world, idOf(1))).toEqual(['Superseded']);
    });
  });
}
