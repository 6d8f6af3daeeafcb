import {
  asking,
  eventsOf,
  idOf,
  type OpenWorld,
  START_MS,
  upload,
} from '../support/worlds/registry.ts';

const DIGEST = `sha256:${'1'.repeat(64)}`;
const GIVEN = { verdict: 'approved', digest: DIGEST, by: 'ada' } as const;

/** The first upload, as a promotion of version 7 of staging. */
const promoted = {
  ...upload(1),
  promoted: {
    work: {
      promotion: {
        from: { place: 'staging', version: 7, deploymentId: idOf(7) },
        digest: DIGEST,
        proof: null,
        needsApproval: true,
        approval: null,
      },
    },
    announcement: { reason: 'it comes from staging' },
  },
};

export function describeApproval(open: OpenWorld): void {
  describe('a promotion', () => {
    it('is admitted as a version, with what was found elsewhere', async () => {
      const world = open();

      const { kind, deployment } = await world.registry.admit(promoted);

      expect(kind).toBe('admitted');
      expect(deployment).toMatchObject({
        kind: 'promote',
        version: 1,
        work: promoted.promoted.work,
      });
      expect(await eventsOf(world, idOf(1))).toMatchObject([
        { detail: { state: 'Admitted', version: 1, reason: 'it comes from staging' } },
      ]);
    });

    it('tells once that it waits for a person, and keeps one answer', async () => {
      const world = open();
      const { registry, clock } = world;
      await registry.admit(promoted);
      await registry.askApproval(idOf(1));
      await registry.askApproval(idOf(1));
      clock.advance(1000);

      const answered = await registry.answerApproval(idOf(1), GIVEN);

      const atMs = START_MS + 1000;
      expect(answered.work.promotion?.approval).toEqual({ ...GIVEN, atMs });
      expect(await registry.deployment(idOf(1))).toEqual(answered);
      expect(await registry.answerApproval(idOf(1), GIVEN)).toEqual(answered);
      expect((await eventsOf(world, idOf(1))).map(({ detail }) => detail.state)).toEqual([
        'Admitted',
        'AwaitingApproval',
      ]);
    });

    it('takes no answer for another digest, none before it is asked for, and no second one', async () => {
      const { registry } = open();
      await registry.admit(promoted);
      const other = { ...GIVEN, digest: `sha256:${'2'.repeat(64)}` };

      await expect(registry.answerApproval(idOf(1), GIVEN)).rejects.toMatchObject({
        name: 'PhaseConflict',
      });
      await registry.askApproval(idOf(1));
      await expect(registry.answerApproval(idOf(1), other)).rejects.toMatchObject({
        name: 'PhaseConflict',
      });
      await registry.answerApproval(idOf(1), { ...GIVEN, verdict: 'refused' });
      await expect(registry.answerApproval(idOf(1), GIVEN)).rejects.toMatchObject({
        name: 'PhaseConflict',
      });
    });

    it('ends as rejected when it is settled so', async () => {
      const world = open();
      await world.registry.admit(promoted);
      await world.registry.askApproval(idOf(1));
      const trouble = { name: 'NotApproved', reason: 'ada refused it', fix: '' };
      const ending = { deploymentId: idOf(1), reason: '', degraded: false, trouble } as const;

      const ended = await world.registry.settle({ ...ending, to: 'Rejected' });

      expect(ended).toMatchObject({ phase: 'Rejected', trouble });
      expect((await eventsOf(world, idOf(1))).at(-1)).toMatchObject({
        detail: { state: 'Rejected', reason: 'ada refused it' },
      });
    });

    it('waits for its turn as any upload, and says so', async () => {
      const world = open();
      const { registry } = world;
      await registry.admit(upload(0));
      await registry.acquireLease({
        deploymentId: idOf(0),
        execution: 'run-0',
        leaseSeconds: 60,
        over: null,
      });
      await registry.admit(promoted);
      await registry.askApproval(idOf(1));
      await registry.answerApproval(idOf(1), GIVEN);

      const { kind } = await registry.acquireLease({
        deploymentId: idOf(1),
        execution: 'run-1',
        leaseSeconds: 60,
        over: null,
      });

      expect(kind).toBe('held');
      expect((await registry.deployment(idOf(1)))?.phase).toBe('Waiting');
    });

    it('is nothing that a rollback is', async () => {
      const { registry } = open();
      await registry.admit(upload(1));
      await registry.request(asking(9));

      await expect(registry.askApproval(idOf(9))).rejects.toMatchObject({ name: 'InputInvalid' });
      await expect(registry.askApproval(idOf(8))).rejects.toMatchObject({ name: 'InputInvalid' });
    });
  });
}
