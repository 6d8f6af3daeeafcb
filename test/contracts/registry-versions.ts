import {
  eventsOf,
  goneLive,
  holding,
  idOf,
  type OpenWorld,
  statesOf,
  upload,
  walkTo,
} from '../support/registry-world.ts';

const versionOne = {
  model: 'shapes',
  version: 1,
  revision: 'shapes-v1',
  deploymentId: idOf(1),
  target: 'lambda',
};

export function describeVersions(open: OpenWorld): void {
  describe('commit', () => {
    it('makes the candidate the live version and announces it, once', async () => {
      const world = open();
      const holder = await holding(world, 1);
      await walkTo(world, holder, 'Baking');
      expect(await world.registry.versions('shapes')).toEqual([]);

      const deployment = await world.registry.commit(holder, { version: 1, previous: null }, { reason: 'shapes v1 is live' });
      const again = await world.registry.commit(holder, { version: 1, previous: null }, { reason: 'shapes v1 is live' });

      expect(deployment).toMatchObject({ phase: 'Live', endedAtMs: null });
      expect(again).toEqual(deployment);
      const live = { ...versionOne, state: 'Live' };
      expect(await world.registry.model('shapes')).toMatchObject({ live });
      expect(await world.registry.versions('shapes')).toEqual([live]);
      expect(
        (await eventsOf(world, idOf(1))).filter(({ detail }) => detail.state === 'Live'),
      ).toMatchObject([{ detail: { version: 1, reason: 'shapes v1 is live' } }]);
    });

    it('takes the place of the version before, which is left as it was', async () => {
      const world = open();
      await world.registry.releaseLease(await goneLive(world, 1));

      await goneLive(world, 2);

      expect(await world.registry.model('shapes')).toMatchObject({ live: { version: 2 } });
      expect(await world.registry.versions('shapes')).toMatchObject([
        { version: 2, state: 'Live' },
        { version: 1, state: 'Live' },
      ]);
    });

    it('is refused with PhaseConflict when another version is live than was thought', async () => {
      const world = open();
      await world.registry.releaseLease(await goneLive(world, 1));
      const holder = await holding(world, 2);
      await walkTo(world, holder, 'Baking');

      for (const previous of [null, 'shapes-v7']) {
        await expect(world.registry.commit(holder, { version: 1, previous }, {})).rejects.toMatchObject({
          name: 'PhaseConflict',
        });
      }
      expect(await world.registry.model('shapes')).toMatchObject({ live: { version: 1 } });
    });

    it('is refused with PhaseConflict before the bake, and without a candidate', async () => {
      const world = open();
      const holder = await holding(world, 1);
      await walkTo(world, holder, 'Shifting');

      await expect(world.registry.commit(holder, { version: 1, previous: null }, {})).rejects.toMatchObject({
        name: 'PhaseConflict',
      });
      expect(await world.registry.model('shapes')).toMatchObject({ live: null });

      await world.registry.releaseLease(holder);
      const bare = await holding(world, 2);
      for (const phase of ['Inspected', 'Provisioning', 'Ready', 'Shifting', 'Baking'] as const) {
        await world.registry.advance(bare, phase, {}, {});
      }
      await expect(world.registry.commit(bare, { version: 1, previous: null }, {})).rejects.toMatchObject({
        name: 'PhaseConflict',
      });
    });
  });

  describe('what befalls a version later', () => {
    it.each([
      { state: 'Retired', reason: 'shapes-v1 no longer serves; it can start again' },
      { state: 'Removed', reason: 'shapes-v1 is gone' },
    ] as const)('is recorded and announced once when it is $state', async ({ state, reason }) => {
      const world = open();
      await world.registry.releaseLease(await goneLive(world, 1));
      const holder = await goneLive(world, 2);

      await world.registry.markVersion(holder, 1, state);
      await world.registry.markVersion(holder, 1, state);

      expect((await world.registry.versions('shapes')).at(-1)).toEqual({ ...versionOne, state });
      const events = await eventsOf(world, idOf(2));
      expect(events.map(({ detail }) => detail.state).slice(-2)).toEqual(['Live', state]);
      expect(events.at(-1)).toMatchObject({
        'detail-type': 'Version State Change',
        detail: { sequence: 8, version: 1, model: 'shapes', reason },
      });
    });

    it('never goes back: a version that is gone stays gone', async () => {
      const world = open();
      await world.registry.releaseLease(await goneLive(world, 1));
      const holder = await goneLive(world, 2);
      await world.registry.markVersion(holder, 1, 'Removed');

      await world.registry.markVersion(holder, 1, 'Retired');

      expect((await world.registry.versions('shapes')).at(-1)).toMatchObject({ state: 'Removed' });
      expect((await statesOf(world, idOf(2))).at(-1)).toBe('Removed');
    });

    it('cannot be that the live version no longer serves', async () => {
      const world = open();
      const holder = await goneLive(world, 1);

      await expect(world.registry.markVersion(holder, 1, 'Retired')).rejects.toMatchObject({
        name: 'PhaseConflict',
      });
    });

    it('is nothing for a version that never went live', async () => {
      const world = open();
      await world.registry.admit(upload(1));
      const holder = await holding(world, 2);

      await expect(world.registry.markVersion(holder, 1, 'Removed')).rejects.toMatchObject({
        name: 'InputInvalid',
      });
    });
  });
}
