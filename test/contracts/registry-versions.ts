import type { Measurement } from '#domain/build/measurement.ts';
import {
  asking,
  candidateOf,
  eventsOf,
  goneLive,
  holding,
  holdingRequest,
  idOf,
  type OpenWorld,
  type RegistryWorld,
  START_MS,
  statesOf,
  upload,
  walkTo,
} from '../support/worlds/registry.ts';

const versionOne = {
  model: 'shapes',
  version: 1,
  revision: 'shapes-v1',
  deploymentId: idOf(1),
  target: 'lambda',
  liveAtMs: START_MS,
};

const MEASURED: Measurement = {
  by: 'none',
  runs: [{ vcpus: 2, rows: 1, requests: 20, ms: 20, cpuMs: 30 }],
};

/** Version 1 is live again by deployment 9, which is not ended yet; version 2 was live before. */
async function liveAgain(world: RegistryWorld, note = async () => {}) {
  await world.registry.releaseLease(await goneLive(world, 1));
  await note();
  const second = await goneLive(world, 2);
  await world.registry.markVersion(second, 1, 'Retired');
  await world.registry.releaseLease(second);
  const holder = await holdingRequest(world, asking(9));
  const candidate = {
    ...candidateOf((await world.registry.deployment(idOf(9)))!),
    madeBy: idOf(1),
    attempt: 1,
  };
  for (const phase of ['Provisioning', 'Ready', 'Shifting', 'Baking'] as const) {
    await world.registry.advance(holder, phase, { candidate }, {});
  }
  world.clock.advance(5000);
  await world.registry.commit(holder, { version: 1, previous: 'shapes-v2' }, {});
  return holder;
}

export function describeVersions(open: OpenWorld): void {
  describe('noteDamage', () => {
    const damage = { reason: 'shapes-v1 is not served: its bytes rotted', fix: 'Drop it again.' };

    it('stands with the version and is announced, once, and so is its end', async () => {
      const world = open();
      await world.registry.releaseLease(await goneLive(world, 1));

      for (const noted of [null, damage, damage])
        await world.registry.noteDamage(versionOne, noted);
      expect(await world.registry.versions('shapes')).toEqual([
        { ...versionOne, state: 'Live', damage },
      ]);
      for (const noted of [null, null]) await world.registry.noteDamage(versionOne, noted);

      expect(await world.registry.versions('shapes')).toEqual([{ ...versionOne, state: 'Live' }]);
      const told = (await eventsOf(world, idOf(1))).map(({ detail }) => detail);
      expect(told.slice(-2)).toMatchObject([
        { state: 'Damaged', version: 1, ...damage },
        { state: 'Mended', version: 1, fix: '' },
      ]);
      expect(told.filter(({ state }) => ['Damaged', 'Mended'].includes(state))).toHaveLength(2);
    });

    it('says nothing of a version that never went live', async () => {
      const world = open();
      await holding(world, 1);

      await world.registry.noteDamage(versionOne, damage);

      expect(await world.registry.versions('shapes')).toEqual([]);
      expect((await eventsOf(world, idOf(1))).map(({ detail }) => detail.state)).toEqual([
        'Admitted',
      ]);
    });
  });

  describe('noteAdvice', () => {
    const advice = {
      reason: 'for 60 requests a second, 10 tasks would cost $400 a month',
      fix: 'Set traffic.',
      to: '10 tasks',
      savesUsd: 12,
    };
    const advisedOf = async (world: RegistryWorld) =>
      (await eventsOf(world, idOf(1)))
        .map(({ detail }) => detail)
        .filter(({ state }) => state === 'Advised');

    it('stands with the live version as it was last given, and is announced once for each place', async () => {
      const world = open();
      await world.registry.releaseLease(await goneLive(world, 1));

      for (const savesUsd of [12, 12, 15])
        await world.registry.noteAdvice(versionOne, { ...advice, savesUsd });
      await world.registry.noteAdvice(versionOne, { ...advice, to: '12 tasks' });

      expect(await world.registry.versions('shapes')).toEqual([
        { ...versionOne, state: 'Live', advice: { ...advice, to: '12 tasks' } },
      ]);
      const { reason, fix, ...data } = advice;
      expect(await advisedOf(world)).toMatchObject([
        { version: 1, reason, fix, data },
        { data: { to: '12 tasks' } },
      ]);
    });

    it('is taken back without a word', async () => {
      const world = open();
      await world.registry.releaseLease(await goneLive(world, 1));
      await world.registry.noteAdvice(versionOne, advice);

      await world.registry.noteAdvice(versionOne, null);

      expect(await world.registry.versions('shapes')).toEqual([{ ...versionOne, state: 'Live' }]);
      expect(await advisedOf(world)).toHaveLength(1);
    });

    it('is none of a version that is not live', async () => {
      const world = open();
      await world.registry.releaseLease(await goneLive(world, 1));
      const second = await goneLive(world, 2);
      await world.registry.markVersion(second, 1, 'Retired');

      await world.registry.noteAdvice(versionOne, advice);
      await world.registry.noteAdvice({ ...versionOne, deploymentId: idOf(7) }, advice);

      expect(await advisedOf(world)).toEqual([]);
    });
  });

  describe('noteTags', () => {
    it('stand with a version in their order, are told to nobody, and stay when it is live again', async () => {
      const world = open();
      await world.registry.releaseLease(await goneLive(world, 1));
      const before = await eventsOf(world, idOf(1));

      for (const tags of [['first'], ['v2', 'v1']]) {
        await world.registry.noteTags(versionOne, tags);
      }
      expect(await world.registry.versions('shapes')).toEqual([
        { ...versionOne, state: 'Live', tags: ['v1', 'v2'] },
      ]);
      expect(await eventsOf(world, idOf(1))).toEqual(before);
      await world.registry.noteTags(versionOne, []);
      expect(await world.registry.versions('shapes')).toEqual([{ ...versionOne, state: 'Live' }]);
    });

    it('stay with a version that is made live again', async () => {
      const world = open();
      await liveAgain(world, () => world.registry.noteTags(versionOne, ['v1']));

      const [again] = (await world.registry.versions('shapes')).filter(
        ({ version }) => version === 1,
      );
      expect(again).toMatchObject({ state: 'Live', tags: ['v1'] });
    });

    it('are none of a version that never went live', async () => {
      const world = open();
      await holding(world, 1);

      await world.registry.noteTags(versionOne, ['v1']);

      expect(await world.registry.versions('shapes')).toEqual([]);
    });
  });

  describe('noteMeasured', () => {
    it('stands with a version, is told to nobody, and is replaced by the next', async () => {
      const world = open();
      await world.registry.releaseLease(await goneLive(world, 1));
      const before = await eventsOf(world, idOf(1));
      const later = { ...MEASURED, runs: MEASURED.runs.map((run) => ({ ...run, ms: 10 })) };

      for (const measured of [MEASURED, later]) {
        await world.registry.noteMeasured(versionOne, measured);
      }

      expect(await world.registry.versions('shapes')).toEqual([
        { ...versionOne, state: 'Live', measured: later },
      ]);
      expect(await eventsOf(world, idOf(1))).toEqual(before);
    });

    it('stays with a version that is made live again', async () => {
      const world = open();
      await liveAgain(world, () => world.registry.noteMeasured(versionOne, MEASURED));

      const again = (await world.registry.versions('shapes')).find(({ version }) => version === 1);
      expect(again).toMatchObject({ state: 'Live', measured: MEASURED });
    });

    it('is nothing of a version that never went live', async () => {
      const world = open();
      await holding(world, 1);

      await world.registry.noteMeasured(versionOne, MEASURED);

      expect(await world.registry.versions('shapes')).toEqual([]);
    });
  });

  describe('noteSpent', () => {
    const spent = {
      month: '2026-11',
      usd: 12.5,
      untilMs: 0,
      peak: 3,
      isOver: true,
      most: 2,
    };
    const words = { reason: 'shapes has cost $12.50', fix: 'Raise the cap.', data: { most: 2 } };
    const toldOf = async (world: RegistryWorld) =>
      (await eventsOf(world, idOf(1)))
        .map(({ detail }) => detail)
        .filter(({ state }) => state === 'Overspent');

    it('stands with the model as it was last counted, and is announced where there is news', async () => {
      const world = open();
      await world.registry.releaseLease(await goneLive(world, 1));

      await world.registry.noteSpent(versionOne, { ...spent, isOver: false }, null);
      for (let time = 0; time < 2; time += 1) {
        await world.registry.noteSpent(versionOne, spent, words);
      }

      expect((await world.registry.model('shapes'))?.spent).toEqual(spent);
      expect(await toldOf(world)).toMatchObject([{ version: 1, ...words }]);
    });

    it('outlives the version, and is none of one that is not live', async () => {
      const world = open();
      await world.registry.releaseLease(await goneLive(world, 1));
      await world.registry.noteSpent(versionOne, spent, null);
      const second = await goneLive(world, 2);
      await world.registry.markVersion(second, 1, 'Retired');

      await world.registry.noteSpent(versionOne, { ...spent, usd: 99 }, words);

      expect((await world.registry.model('shapes'))?.spent).toEqual(spent);
      expect(await toldOf(world)).toEqual([]);
    });
  });

  describe('noteIncident', () => {
    const incident = {
      state: 'Restarted',
      reason: 'the model server of shapes-v1 exited with code 1',
      fix: 'See why with `slipway logs shapes`.',
      data: { times: 1 },
    } as const;
    const incidentsOf = async (world: RegistryWorld) =>
      (await eventsOf(world, idOf(1)))
        .map(({ detail }) => detail)
        .filter(({ state }) => ['Restarted', 'OutOfMemory'].includes(state));

    it('is announced once in 15 minutes for each kind, however often it happens', async () => {
      const world = open();
      await world.registry.releaseLease(await goneLive(world, 1));

      for (let minute = 0; minute < 31; minute += 1) {
        for (const state of ['Restarted', 'OutOfMemory'] as const)
          await world.registry.noteIncident(versionOne, { ...incident, state });
        world.clock.advance(60_000);
      }

      expect(await incidentsOf(world)).toHaveLength(2 * 3);
      expect((await incidentsOf(world))[0]).toMatchObject({ ...incident, version: 1 });
      expect(await world.registry.versions('shapes')).toEqual([{ ...versionOne, state: 'Live' }]);
    });

    it('says nothing of a version that never went live, or that nobody knows', async () => {
      const world = open();
      await holding(world, 1);

      await world.registry.noteIncident(versionOne, incident);
      await world.registry.noteIncident({ ...versionOne, deploymentId: idOf(7) }, incident);

      expect(await incidentsOf(world)).toEqual([]);
    });
  });

  describe('commit', () => {
    it('makes the candidate the live version and announces it, once', async () => {
      const world = open();
      const holder = await holding(world, 1);
      await walkTo(world, holder, 'Baking');
      expect(await world.registry.versions('shapes')).toEqual([]);

      const deployment = await world.registry.commit(
        holder,
        { version: 1, previous: null },
        { reason: 'shapes v1 is live' },
      );
      const again = await world.registry.commit(
        holder,
        { version: 1, previous: null },
        { reason: 'shapes v1 is live' },
      );

      expect(deployment).toMatchObject({ phase: 'Live', endedAtMs: null });
      expect(again).toEqual(deployment);
      const live = { ...versionOne, state: 'Live' };
      expect(await world.registry.model('shapes')).toMatchObject({ live });
      expect(await world.registry.versions('shapes')).toEqual([live]);
      expect(
        (await eventsOf(world, idOf(1))).filter(({ detail }) => detail.state === 'Live'),
      ).toMatchObject([{ detail: { version: 1, reason: 'shapes v1 is live' } }]);
    });

    it('is refused for a deployment that is given up', async () => {
      const world = open();
      const holder = await holding(world, 1);
      await walkTo(world, holder, 'Baking');
      const trouble = { name: 'Aborted', reason: 'aborted by slipway abort', fix: '' };
      await world.registry.requestAbort(idOf(1), trouble);

      await expect(
        world.registry.commit(holder, { version: 1, previous: null }, {}),
      ).rejects.toMatchObject({ name: 'PhaseConflict' });
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
        await expect(
          world.registry.commit(holder, { version: 1, previous }, {}),
        ).rejects.toMatchObject({
          name: 'PhaseConflict',
        });
      }
      expect(await world.registry.model('shapes')).toMatchObject({ live: { version: 1 } });
    });

    it('is refused with PhaseConflict before the bake, and without a candidate', async () => {
      const world = open();
      const holder = await holding(world, 1);
      await walkTo(world, holder, 'Shifting');

      await expect(
        world.registry.commit(holder, { version: 1, previous: null }, {}),
      ).rejects.toMatchObject({
        name: 'PhaseConflict',
      });
      expect(await world.registry.model('shapes')).toMatchObject({ live: null });

      await world.registry.releaseLease(holder);
      const bare = await holding(world, 2);
      for (const phase of ['Inspected', 'Provisioning', 'Ready', 'Shifting', 'Baking'] as const) {
        await world.registry.advance(bare, phase, {}, {});
      }
      await expect(
        world.registry.commit(bare, { version: 1, previous: null }, {}),
      ).rejects.toMatchObject({
        name: 'PhaseConflict',
      });
    });
  });

  describe('a version that is made live again', () => {
    it('is the one that its first deployment made, live since now', async () => {
      const world = open();

      await liveAgain(world);

      const live = { ...versionOne, state: 'Live', liveAtMs: START_MS + 5000 };
      expect((await world.registry.model('shapes'))?.live).toEqual(live);
      expect(await world.registry.versions('shapes')).toEqual([
        { ...versionOne, version: 2, revision: 'shapes-v2', deploymentId: idOf(2), state: 'Live' },
        live,
      ]);
      expect((await eventsOf(world, idOf(9))).at(-1)?.detail).toMatchObject({
        state: 'Live',
        version: 1,
      });
    });

    it('may retire again, and so may the one that it has replaced', async () => {
      const world = open();
      const holder = await liveAgain(world);
      await world.registry.markVersion(holder, 2, 'Retired');
      await world.registry.releaseLease(holder);
      const next = await goneLive(world, 10);

      await world.registry.markVersion(next, 1, 'Retired');

      expect(
        (await world.registry.versions('shapes')).map(
          ({ version, state }) => `${version} ${state}`,
        ),
      ).toEqual(['3 Live', '2 Retired', '1 Retired']);
    });

    it('is refused with PhaseConflict when it is gone', async () => {
      const world = open();
      await world.registry.releaseLease(await goneLive(world, 1));
      await world.registry.releaseLease(await goneLive(world, 2));
      const holder = await holdingRequest(world, asking(9));
      const candidate = candidateOf((await world.registry.deployment(idOf(9)))!);
      for (const phase of ['Provisioning', 'Ready', 'Shifting', 'Baking'] as const) {
        await world.registry.advance(holder, phase, { candidate }, {});
      }
      await world.registry.markVersion(holder, 1, 'Removed');

      const commit = world.registry.commit(holder, { version: 1, previous: 'shapes-v2' }, {});

      await expect(commit).rejects.toMatchObject({ name: 'PhaseConflict' });
      expect(await world.registry.model('shapes')).toMatchObject({ live: { version: 2 } });
    });

    it('may be the live one itself, which is then live since now', async () => {
      const world = open();
      await world.registry.releaseLease(await goneLive(world, 1));
      const holder = await holdingRequest(world, asking(9, { kind: 'repair' }));
      const candidate = {
        ...candidateOf((await world.registry.deployment(idOf(9)))!),
        madeBy: idOf(1),
        attempt: 1,
      };
      for (const phase of ['Provisioning', 'Ready', 'Shifting', 'Baking'] as const) {
        await world.registry.advance(holder, phase, { candidate }, {});
      }

      await world.registry.commit(holder, { version: 1, previous: 'shapes-v1' }, {});

      expect(await world.registry.versions('shapes')).toEqual([{ ...versionOne, state: 'Live' }]);
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
