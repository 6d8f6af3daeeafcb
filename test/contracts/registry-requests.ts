import { NO_ANSWERS } from '#domain/comparison/compare-answers.ts';
import type { Comparison } from '#domain/comparison/comparison.ts';
import {
  asking,
  eventsOf,
  goneLive,
  holding,
  holdingRequest,
  idOf,
  leaseFor,
  type OpenWorld,
  type RegistryWorld,
  START_MS,
  statesOf,
  upload,
  walkTo,
} from '../support/worlds/registry.ts';

const ABORTED = { name: 'Aborted', reason: 'somebody asked for it', fix: '' };

export function describeRequests(open: OpenWorld): void {
  describe('what is asked for of a model by its name', () => {
    it.each(['rollback', 'repair', 'undeploy'] as const)(
      'is recorded as %s and announced',
      async (kind) => {
        const world = open();
        await world.registry.releaseLease(await goneLive(world, 1));
        const wanted = kind === 'undeploy' ? { kind, version: null } : { kind };
        const { reason, version, ...request } = asking(9, wanted);

        const deployment = await world.registry.request({ ...request, version, reason });

        expect(deployment).toEqual({
          id: idOf(9),
          kind,
          model: 'shapes',
          version,
          phase: 'Admitted',
          artifact: request.artifact,
          order: null,
          execution: 'run-9',
          attempt: 1,
          admittedAtMs: START_MS,
          phaseChangedAtMs: START_MS,
          endedAtMs: null,
          work: {},
          intents: [],
          trouble: null,
        });
        expect(await world.registry.deployment(idOf(9))).toEqual(deployment);
        expect(await eventsOf(world, idOf(9))).toMatchObject([
          { detail: { state: 'Admitted', version, reason, data: { kind } } },
        ]);
      },
    );

    it('counts the repairs that follow one another, until another deployment is live', async () => {
      const world = open();
      await world.registry.releaseLease(await goneLive(world, 1));
      const repairs = async () => (await world.registry.model('shapes'))?.repairs;

      await world.registry.request(asking(8, { kind: 'repair' }));
      await world.registry.request(asking(9, { kind: 'repair' }));
      await world.registry.request(asking(9, { kind: 'repair' }));

      expect(await repairs()).toEqual({ inARow: 2, lastAtMs: START_MS });
      expect((await eventsOf(world, idOf(9))).map(({ detail }) => detail)).toMatchObject([
        { reason: expect.stringContaining('repair 2 in a row'), data: { repairsInARow: 2 } },
      ]);
      await goneLive(world, 2);
      expect(await repairs()).toBeUndefined();
    });

    it('is the same however often it is asked for', async () => {
      const world = open();
      await goneLive(world, 1);
      const first = await world.registry.request(asking(9));

      const again = await world.registry.request(asking(9, { execution: 'run-again', version: 7 }));

      expect(again).toEqual(first);
      expect(await statesOf(world, idOf(9))).toEqual(['Admitted']);
    });

    it('is refused for a model that nobody knows', async () => {
      const { registry } = open();

      await expect(registry.request(asking(9))).rejects.toMatchObject({ name: 'InputInvalid' });
      expect(await registry.deployment(idOf(9))).toBeUndefined();
    });

    it('changes nothing of what the newest upload is, nor of the next version number', async () => {
      const world = open();
      await world.registry.releaseLease(await goneLive(world, 1));
      await world.registry.request(asking(9));

      expect(await world.registry.model('shapes')).toMatchObject({ newestDeploymentId: idOf(1) });
      expect((await world.registry.admit(upload(2))).deployment.version).toBe(2);
    });

    it('waits for the lease as an upload does, and is not outdated by a newer upload', async () => {
      const world = open();
      const holder = await holding(world, 1);
      await world.registry.request(asking(9));
      expect(await world.registry.acquireLease(leaseFor(9))).toMatchObject({ kind: 'held' });
      await world.registry.admit(upload(2));
      await world.registry.releaseLease(holder);

      expect(await world.registry.acquireLease(leaseFor(9))).toMatchObject({ kind: 'acquired' });
      expect(await statesOf(world, idOf(9))).toEqual(['Admitted', 'Waiting']);
    });

    it('is taken up by another execution as an upload is', async () => {
      const world = open();
      await goneLive(world, 1);
      await world.registry.request(asking(9));

      const adopted = await world.registry.adopt(idOf(9), 'run-9', 'run-9b');

      expect(adopted).toMatchObject({ kind: 'rollback', execution: 'run-9b', attempt: 2 });
    });

    it('keeps what it was given to begin with', async () => {
      const world = open();
      await goneLive(world, 1);
      const golden = { sample: 'readiness', warning: '', latencyMs: 3 } as const;
      await world.registry.request(asking(9, { work: { golden } }));

      expect((await world.registry.deployment(idOf(9)))?.work).toEqual({ golden });
    });
  });

  describe('an undeploy', () => {
    it('leaves the model without a live version, and says nothing of that itself', async () => {
      const world = open();
      await world.registry.releaseLease(await goneLive(world, 1));
      const holder = await holdingRequest(world, asking(9, { kind: 'undeploy', version: null }));
      await world.registry.advance(holder, 'Undeploying', {}, {});

      await world.registry.retract(holder);
      await world.registry.retract(holder);

      expect(await world.registry.model('shapes')).toMatchObject({ live: null });
      expect(await world.registry.versions('shapes')).toMatchObject([
        { version: 1, state: 'Live' },
      ]);
      expect(await statesOf(world, idOf(9))).toEqual(['Admitted', 'Undeploying']);
    });

    it('removes every version and ends; the model’s history and its numbers stay', async () => {
      const world = open();
      await world.registry.releaseLease(await goneLive(world, 1));
      const holder = await holdingRequest(world, asking(9, { kind: 'undeploy', version: null }));
      await world.registry.advance(holder, 'Undeploying', {}, {});
      await world.registry.retract(holder);
      await world.registry.markVersion(holder, 1, 'Removed');
      await world.registry.advance(holder, 'Undeployed', {}, {});
      await world.registry.releaseLease(holder);

      expect(await statesOf(world, idOf(9))).toEqual([
        ...['Admitted', 'Undeploying', 'Removed', 'Undeployed'],
      ]);
      expect(await world.registry.deployment(idOf(9))).toMatchObject({ endedAtMs: START_MS });
      await goneLive(world, 10);
      expect(await world.registry.model('shapes')).toMatchObject({
        live: { version: 2, revision: 'shapes-v2' },
      });
    });
  });

  describe('asking for an abort', () => {
    it('gives the deployment its trouble, without the lease, and announces nothing', async () => {
      const world = open();
      await walkTo(world, await holding(world, 1), 'Provisioning');
      const told = await statesOf(world, idOf(1));

      const deployment = await world.registry.requestAbort(idOf(1), ABORTED);

      expect(deployment).toMatchObject({ phase: 'Provisioning', trouble: ABORTED });
      expect(await world.registry.deployment(idOf(1))).toEqual(deployment);
      expect(await statesOf(world, idOf(1))).toEqual(told);
    });

    it('keeps the trouble that it had', async () => {
      const world = open();
      const holder = await holding(world, 1);
      const trouble = { name: 'RevisionFailed', reason: 'it crashed', fix: '' };
      await world.registry.recordTrouble(holder, trouble);

      expect((await world.registry.requestAbort(idOf(1), ABORTED)).trouble).toEqual(trouble);
    });

    it('is refused for one that is live or has ended, or that nobody knows', async () => {
      const world = open();
      await goneLive(world, 1);

      for (const [id, name] of [
        [idOf(1), 'PhaseConflict'],
        [idOf(7), 'InputInvalid'],
      ] as const) {
        await expect(world.registry.requestAbort(id, ABORTED)).rejects.toMatchObject({ name });
      }
    });
  });

  describe('resources that are nobody’s', () => {
    it('are remembered since they were first seen, and forgotten when they are not seen again', async () => {
      const { registry, clock } = open();
      await registry.sighted(['a', 'b']);
      clock.advance(1000);

      const second = await registry.sighted(['b', 'c']);
      clock.advance(1000);
      const third = await registry.sighted(['a', 'b']);

      expect(new Map(second)).toEqual(
        new Map([
          ['b', START_MS],
          ['c', START_MS + 1000],
        ]),
      );
      expect(new Map(third)).toEqual(
        new Map([
          ['a', START_MS + 2000],
          ['b', START_MS],
        ]),
      );
      expect(new Map(await registry.sighted([]))).toEqual(new Map());
    });
  });

  describe('the starts of a runtime', () => {
    const startedIn = async (world: RegistryWorld, n: number, startMs: number | undefined) => {
      const holder = await holding(world, n);
      await walkTo(world, holder, 'Provisioning');
      const { work } = (await world.registry.deployment(holder.deploymentId))!;
      const candidate = { ...work.candidate!, ...(startMs !== undefined && { startMs }) };
      await world.registry.recordWork(holder, { candidate });
      await world.registry.advance(holder, 'Ready', {}, {});
      await world.registry.advance(holder, 'Ready', {}, {});
      await world.registry.advance(holder, 'Compared', {}, {});
      await world.registry.recordTrouble(holder, { name: 'ArtifactRejected', reason: '', fix: '' });
      await world.registry.advance(holder, 'Rejected', {}, {});
      await world.registry.releaseLease(holder);
    };

    it('are those of the candidates that became ready, once each, the newest first', async () => {
      const world = open();
      await startedIn(world, 1, 4200);
      world.clock.advance(5000);
      await startedIn(world, 2, undefined);
      await startedIn(world, 3, 1300);

      const starts = await world.registry.starts('custom');

      expect(
        starts.map(({ deploymentId, seconds, atMs }) => [deploymentId, seconds, atMs]),
      ).toEqual([
        [idOf(3), 1.3, START_MS + 5000],
        [idOf(1), 4.2, START_MS],
      ]);
      expect(starts[0]).toMatchObject({
        target: 'lambda',
        runtime: 'custom',
        layers: [0, expect.any(Number)],
        serverSeconds: expect.any(Number),
      });
      expect(await world.registry.starts('onnx')).toEqual([]);
    });
  });

  describe('the judgement of two contents', () => {
    const comparison = (pair: string | undefined, more: Partial<Comparison> = {}): Comparison => ({
      verdict: 'broken',
      level: 'answers',
      reason: 'it answers in another unit',
      beside: { version: 1, revision: 'shapes-v1', deploymentId: idOf(1) },
      decision: 'blocked',
      fix: '',
      differences: [],
      answers: NO_ANSWERS,
      ...(pair !== undefined && { pair }),
      ...more,
    });
    const judged = async (world: RegistryWorld, n: number, found: Comparison) => {
      const holder = await holding(world, n);
      await walkTo(world, holder, 'Ready');
      await world.registry.advance(holder, 'Compared', { comparison: found }, {});
      await world.registry.advance(holder, 'Compared', { comparison: found }, {});
      await world.registry.recordTrouble(holder, { name: 'ArtifactRejected', reason: '', fix: '' });
      await world.registry.advance(holder, 'Rejected', {}, {});
      await world.registry.releaseLease(holder);
    };

    it('is found by the model and the pair, and is the newest', async () => {
      const world = open();
      const { registry, clock } = world;
      await judged(world, 1, comparison('a'));
      clock.advance(5000);
      await judged(world, 2, comparison('b'));
      clock.advance(5000);
      await judged(world, 3, comparison('a'));

      expect(await registry.judgement('shapes', 'b')).toEqual({
        model: 'shapes',
        pair: 'b',
        deploymentId: idOf(2),
        atMs: START_MS + 5000,
      });
      expect(await registry.judgement('shapes', 'a')).toMatchObject({
        deploymentId: idOf(3),
        atMs: START_MS + 10_000,
      });
      expect(await registry.judgement('shapes', 'c')).toBeUndefined();
      expect(await registry.judgement('digits', 'a')).toBeUndefined();
    });

    it('stays that of the deployment that asked, where a later one took its answers', async () => {
      const world = open();
      await judged(world, 1, comparison('a'));
      const earlier = { deploymentId: idOf(1), version: 1, fresh: 3 };
      await judged(world, 2, comparison('a', { earlier }));

      expect(await world.registry.judgement('shapes', 'a')).toMatchObject({
        deploymentId: idOf(1),
        atMs: START_MS,
      });
    });

    it('is none where no pair was asked', async () => {
      const world = open();

      await judged(world, 1, comparison(undefined));

      expect(await world.registry.judgement('shapes', 'undefined')).toBeUndefined();
    });
  });
}
