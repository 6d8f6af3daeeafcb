import {
  goneLive,
  holding,
  idOf,
  type OpenWorld,
  refusal,
  upload,
} from '../support/worlds/registry.ts';

export function describeEvents(open: OpenWorld): void {
  describe('events', () => {
    it('come in the order they were written, by page', async () => {
      const { registry } = open();
      for (const n of [1, 2, 3]) await registry.admit(upload(n));

      const first = await registry.events({ after: '', limit: 2 });
      const rest = await registry.events({ after: first.events.at(-1)!.cursor, limit: 2 });
      const end = await registry.events({ after: rest.events.at(-1)!.cursor, limit: 2 });

      expect(
        [first, rest, end].map(({ events }) =>
          events.map(({ event }) => event.detail.deploymentId),
        ),
      ).toEqual([[idOf(1), idOf(2)], [idOf(3)], []]);
    });

    it('are those of one model or deployment when asked', async () => {
      const { registry } = open();
      await registry.admit(upload(1, 'shapes'));
      await registry.admit(upload(2, 'digits'));
      await registry.admit(upload(3, 'shapes'));

      const ids = async (query: { model?: string; deploymentId?: string }) => {
        const { events } = await registry.events({ after: '', limit: 9, ...query });
        return events.map(({ event }) => event.detail.deploymentId);
      };

      expect(await ids({ model: 'shapes' })).toEqual([idOf(1), idOf(3)]);
      expect(await ids({ deploymentId: idOf(2) })).toEqual([idOf(2)]);
      expect(await ids({ model: 'digits', deploymentId: idOf(1) })).toEqual([]);
    });

    it('are the newest, newest first, when those are asked for', async () => {
      const { registry } = open();
      for (const n of [1, 2, 3]) await registry.admit(upload(n));
      const newest = async (limit: number) =>
        (await registry.newestEvents(limit)).map(({ detail }) => detail.deploymentId);

      expect(await newest(2)).toEqual([idOf(3), idOf(2)]);
      expect(await newest(9)).toEqual([idOf(3), idOf(2), idOf(1)]);
    });

    it('cannot be read from a cursor that no page gave', async () => {
      const { registry } = open();

      await expect(registry.events({ after: 'yesterday', limit: 1 })).rejects.toMatchObject({
        name: 'InputInvalid',
      });
    });

    it('are unpublished until they are marked, oldest first', async () => {
      const { registry } = open();
      for (const n of [1, 2, 3]) await registry.admit(upload(n));
      const waiting = async (limit: number) =>
        (await registry.unpublished(limit)).map(({ detail }) => detail.eventId);

      expect(await waiting(2)).toEqual([`${idOf(1)}-1`, `${idOf(2)}-1`]);
      await registry.markPublished([`${idOf(1)}-1`, `${idOf(3)}-1`, 'unknown']);
      await registry.markPublished([`${idOf(1)}-1`]);

      expect(await waiting(9)).toEqual([`${idOf(2)}-1`]);
      expect((await registry.events({ after: '', limit: 9 })).events).toHaveLength(3);
    });

    it('wake the publisher once each, and nothing else does', async () => {
      const world = open();
      await world.registry.admit(upload(1));
      await world.registry.refuse(refusal(2, 'Ignored'));
      expect(world.wakes()).toBe(2);

      await world.registry.admit(upload(1));
      await world.registry.recordWork(await holding(world, 1), {});
      await expect(
        world.registry.commit(
          { deploymentId: idOf(1), epoch: 9 },
          { version: 1, previous: null },
          {},
        ),
      ).rejects.toThrow();

      expect(world.wakes()).toBe(2);
    });
  });

  describe('reading', () => {
    it('answers undefined or nothing for what nobody knows', async () => {
      const { registry } = open();

      expect(await registry.deployment(idOf(7))).toBeUndefined();
      expect(await registry.model('shapes')).toBeUndefined();
      expect(await registry.models()).toEqual([]);
      expect(await registry.versions('shapes')).toEqual([]);
      expect(await registry.unended()).toEqual([]);
    });

    it('lists the deployments that have not ended, in the order they were admitted', async () => {
      const world = open();
      const { registry } = world;
      const live = await goneLive(world, 5);
      await registry.admit(upload(6));
      await registry.refuse(refusal(3, 'Rejected'));
      await registry.admit(upload(9, 'digits'));
      await registry.admit(upload(8, 'digits'));
      const ids = async () => (await registry.unended()).map(({ id }) => id);

      expect(await ids()).toEqual([idOf(5), idOf(6), idOf(9)]);
      await registry.releaseLease(live);
      expect(await ids()).toEqual([idOf(6), idOf(9)]);
    });
  });
}
