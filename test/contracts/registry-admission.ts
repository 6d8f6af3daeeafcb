import {
  eventsOf,
  goneLive,
  idOf,
  LEASE_SECONDS,
  leaseFor,
  type OpenWorld,
  refusal,
  START_MS,
  statesOf,
  upload,
} from '../support/worlds/registry.ts';

export function describeAdmission(open: OpenWorld): void {
  describe('admission', () => {
    it('gives the first artifact of a model version 1 and announces it', async () => {
      const world = open();

      const { kind, deployment } = await world.registry.admit(upload(1));

      expect(kind).toBe('admitted');
      expect(deployment).toEqual({
        id: idOf(1),
        kind: 'deploy',
        model: 'shapes',
        version: 1,
        phase: 'Admitted',
        artifact: upload(1).artifact,
        order: upload(1).order,
        execution: 'run-1',
        attempt: 1,
        admittedAtMs: START_MS,
        phaseChangedAtMs: START_MS,
        endedAtMs: null,
        work: {},
        intents: [],
        trouble: null,
      });
      expect(await world.registry.deployment(idOf(1))).toEqual(deployment);
      expect(await world.registry.model('shapes')).toEqual({
        name: 'shapes',
        live: null,
        newestDeploymentId: idOf(1),
      });
      expect(await statesOf(world, idOf(1))).toEqual(['Admitted']);
    });

    it('counts the versions of each model on its own', async () => {
      const { registry } = open();

      const first = await registry.admit(upload(1, 'shapes'));
      const second = await registry.admit(upload(2, 'shapes'));
      const other = await registry.admit(upload(3, 'digits'));

      expect([first, second, other].map(({ deployment }) => deployment.version)).toEqual([1, 2, 1]);
      expect((await registry.models()).map(({ name }) => name)).toEqual(['digits', 'shapes']);
    });

    it('supersedes an artifact that is older than one admitted before, without a number', async () => {
      const world = open();
      await world.registry.admit(upload(2));

      const { kind, deployment } = await world.registry.admit(upload(1));

      expect(kind).toBe('superseded');
      expect(deployment).toMatchObject({ phase: 'Superseded', version: null, endedAtMs: START_MS });
      expect(await eventsOf(world, idOf(1))).toMatchObject([
        {
          detail: {
            sequence: 1,
            state: 'Superseded',
            reason: 'a newer artifact was admitted: models/shapes/model.onnx, version 2',
          },
        },
      ]);
      expect(await world.registry.model('shapes')).toMatchObject({ newestDeploymentId: idOf(2) });
    });

    it('answers a repeated admission as it did the first time, and announces nothing again', async () => {
      const world = open();
      const newer = await world.registry.admit(upload(2));
      const older = await world.registry.admit(upload(1));

      expect(await world.registry.admit(upload(2))).toEqual(newer);
      expect(await world.registry.admit(upload(1))).toEqual(older);
      expect(await statesOf(world, idOf(2))).toEqual(['Admitted']);
      expect(await statesOf(world, idOf(1))).toEqual(['Superseded']);
    });

    it('knows a deployment that another execution brings again', async () => {
      const world = open();
      await world.registry.admit(upload(1));

      const again = await world.registry.admit({ ...upload(1), execution: 'run-again' });

      expect(again).toMatchObject({ kind: 'known', deployment: { execution: 'run-1' } });
      expect(await statesOf(world, idOf(1))).toEqual(['Admitted']);
    });

    it('knows a deployment that was refused or adopted, also by the same execution', async () => {
      const { registry } = open();
      await registry.refuse(refusal(1, 'Ignored'));
      await registry.admit(upload(2));
      await registry.adopt(idOf(2), 'run-2', 'run-2b');

      expect((await registry.admit(upload(1))).kind).toBe('known');
      expect((await registry.admit({ ...upload(2), execution: 'run-2b' })).kind).toBe('known');
    });

    it('does not re-use the version number of a deployment that failed', async () => {
      const { registry } = open();
      await registry.admit(upload(1));
      await registry.settle({ deploymentId: idOf(1), reason: 'timed out', degraded: false });

      const { deployment } = await registry.admit(upload(2));

      expect(deployment.version).toBe(2);
    });

    it('leaves the live version live when the next one is admitted', async () => {
      const world = open();
      await goneLive(world, 1);

      await world.registry.admit(upload(2));

      expect(await world.registry.model('shapes')).toMatchObject({
        live: { revision: 'shapes-v1' },
        newestDeploymentId: idOf(2),
      });
    });
  });

  describe('refusal', () => {
    it.each([
      { phase: 'Ignored', trouble: null },
      {
        phase: 'Rejected',
        trouble: {
          name: 'ArtifactRejected',
          reason: 'upload 1 is not wanted',
          fix: 'Upload another.',
        },
      },
    ] as const)(
      'records one that is $phase, ended, with its one event',
      async ({ phase, trouble }) => {
        const world = open();

        const deployment = await world.registry.refuse(refusal(1, phase));

        expect(deployment).toMatchObject({ phase, version: null, order: null, trouble });
        expect(deployment.endedAtMs).toBe(START_MS);
        expect(await world.registry.deployment(idOf(1))).toEqual(deployment);
        expect(await eventsOf(world, idOf(1))).toMatchObject([
          { detail: { state: phase, reason: 'upload 1 is not wanted', fix: 'Upload another.' } },
        ]);
      },
    );

    it('makes no model, not even of a name that no model may have', async () => {
      const world = open();

      await world.registry.refuse(refusal(1, 'Rejected', 'No Such Name!'));

      expect(await world.registry.models()).toEqual([]);
      expect(await world.registry.deployment(idOf(1))).toMatchObject({ model: 'No Such Name!' });
    });

    it('leaves a deployment that is known as it is', async () => {
      const world = open();
      const { deployment } = await world.registry.admit(upload(1));

      expect(await world.registry.refuse(refusal(1, 'Ignored'))).toEqual(deployment);
      expect(await statesOf(world, idOf(1))).toEqual(['Admitted']);
    });
  });

  describe('adoption', () => {
    it('gives a deployment to another execution, once', async () => {
      const { registry } = open();
      await registry.admit(upload(1));

      const adopted = await registry.adopt(idOf(1), 'run-1', 'run-1b');
      const again = await registry.adopt(idOf(1), 'run-1', 'run-1b');

      expect(adopted).toMatchObject({ execution: 'run-1b', attempt: 2 });
      expect(again).toEqual(adopted);
      expect(await registry.deployment(idOf(1))).toEqual(adopted);
    });

    it('lets only one of two executions adopt the same deployment', async () => {
      const { registry } = open();
      await registry.admit(upload(1));
      await registry.adopt(idOf(1), 'run-1', 'run-1b');

      await expect(registry.adopt(idOf(1), 'run-1', 'run-1c')).rejects.toMatchObject({
        name: 'LeaseLost',
      });
    });

    it('refuses a deployment that has ended, or that nobody knows', async () => {
      const { registry } = open();
      await registry.admit(upload(1));
      await registry.settle({ deploymentId: idOf(1), reason: 'timed out', degraded: false });

      await expect(registry.adopt(idOf(1), 'run-1', 'run-1b')).rejects.toMatchObject({
        name: 'PhaseConflict',
      });
      await expect(registry.adopt(idOf(7), 'run-7', 'run-7b')).rejects.toMatchObject({
        name: 'InputInvalid',
      });
    });

    it('takes the lease away from the execution that had it', async () => {
      const { registry } = open();
      await registry.admit(upload(1));
      await registry.acquireLease(leaseFor(1, { leaseSeconds: LEASE_SECONDS }));
      await registry.adopt(idOf(1), 'run-1', 'run-1b');

      await expect(registry.acquireLease(leaseFor(1))).rejects.toMatchObject({ name: 'LeaseLost' });
      expect(await registry.acquireLease(leaseFor(1, { execution: 'run-1b' }))).toMatchObject({
        kind: 'acquired',
        epoch: 2,
      });
    });
  });
}
