import { supersededBuild } from '#domain/build/explain-build.ts';
import type { FailureName } from '#domain/failure.ts';
import { compensate } from '#steps/compensate.ts';
import { planBuild } from '#steps/plan-build.ts';
import { MODEL, memoryWorld } from '../support/worlds/memory.ts';

const NONE = { Error: '', Cause: '' };

function caught(name: FailureName, errorMessage: string) {
  return { Error: name, Cause: JSON.stringify({ errorType: name, errorMessage }) };
}

describe('giving a deployment up', () => {
  it('takes away what it made, and says why', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('CheckHealth');

    const answer = await compensate(world.deps)({
      ...held,
      error: caught('PlatformDenied', 'not allowed\nFix: Allow it.'),
    });

    expect(answer).toEqual({ kind: 'Failed', drainSeconds: 0 });
    expect(world.lambda.existing()).toEqual(['digits-v1']);
    expect((await world.recordOf(held)).intents).toEqual([]);
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Failed',
      reason: 'not allowed',
      fix: 'Allow it.',
      data: { error: 'PlatformDenied', degraded: false, left: [] },
    });
  });

  it('is done once', async () => {
    const world = memoryWorld();
    const held = await world.before('CheckHealth');
    const input = { ...held, error: caught('PlatformDenied', 'not allowed') };
    const first = await compensate(world.deps)(input);
    const told = await world.told();

    expect(await compensate(world.deps)(input)).toEqual(first);
    expect(await world.told()).toEqual(told);
  });

  it('goes on where it was when a removal failed', async () => {
    const world = memoryWorld();
    const held = await world.before('CheckHealth');
    const input = { ...held, error: caught('PlatformDenied', 'not allowed') };
    world.lambda.loseReplies(1);
    await expect(compensate(world.deps)(input)).rejects.toMatchObject({
      name: 'PlatformUnavailable',
    });
    expect((await world.recordOf(held)).intents).toHaveLength(1);

    await compensate(world.deps)(input);

    expect((await world.recordOf(held)).intents).toEqual([]);
    expect((await world.told()).map(({ state }) => state)).toContain('Failed');
  });

  it('keeps the first trouble: what came after is its consequence', async () => {
    const world = memoryWorld();
    const held = await world.before('CheckHealth');
    const trouble = { name: 'RevisionUnhealthy', reason: 'answers wrong', fix: 'Mend it.' };
    await world.registry.recordTrouble(held, trouble);

    await compensate(world.deps)({ ...held, error: caught('PlatformDenied', 'not allowed') });

    expect((await world.told()).at(-1)).toMatchObject({ reason: 'answers wrong' });
  });

  it('leaves a revision alone that still has traffic, and says so', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('JudgeBake');
    await world.registry.advance(held, 'RollingBack', {}, {});

    const answer = await compensate(world.deps)({ ...held, error: NONE });

    expect(answer.kind).toBe('RolledBack');
    expect(world.lambda.existing()).toEqual(['digits-v1', 'digits-v2']);
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'RolledBack',
      data: { degraded: true, left: ['digits-v2'] },
    });
  });

  it('stops a kept version again that it has started, and keeps it', async () => {
    const world = memoryWorld();
    const manifest = 'placement: { target: fargate }';
    for (let version = 1; version <= 2; version += 1)
      await world.deploy(world.upload({ manifest }));
    const held = await world.before('CheckHealth', world.rollback());

    const answer = await compensate(world.deps)({ ...held, error: NONE });

    expect(answer.kind).toBe('Failed');
    expect(world.running()).toEqual(['digits-v2']);
    expect(world.existing()).toEqual(['digits-v1', 'digits-v2']);
    expect((await world.recordOf(held)).intents).toEqual([]);
  });

  it('never stops the live version, whatever was asked of it', async () => {
    const world = memoryWorld();
    await world.deploy(world.upload({ manifest: 'placement: { target: fargate }' }));
    const held = await world.before('CheckHealth', world.rollback(null, 'repair'));

    const answer = await compensate(world.deps)({ ...held, error: NONE });

    expect(answer.kind).toBe('Failed');
    expect(world.running()).toEqual(['digits-v1']);
    expect((await world.told()).at(-1)).toMatchObject({ data: { degraded: false, left: [] } });
  });

  it('changes nothing when all of the model is gone: the answer of that was lost', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('ReleaseLease', world.undeploy());

    const answer = await compensate(world.deps)({
      ...held,
      error: caught('PlatformUnavailable', 'gone'),
    });

    expect(answer).toEqual({ kind: 'Undeployed', drainSeconds: 0 });
    expect((await world.recordOf(held)).trouble).toBeNull();
  });

  it('changes nothing when the version is live: the answer of its commit was lost', async () => {
    const world = memoryWorld();
    const held = await world.before('RetirePrevious');

    const answer = await compensate(world.deps)({
      ...held,
      error: caught('PlatformUnavailable', 'gone'),
    });

    expect(answer).toEqual({ kind: 'Live', drainSeconds: 0 });
    expect(await world.router.shares(MODEL)).toEqual({ 'digits-v1': 100 });
    expect(world.lambda.existing()).toEqual(['digits-v1']);
  });
});

describe('a deployment that is given up ends', () => {
  it('as Rejected when its artifact is at fault', async () => {
    const world = memoryWorld();
    const held = await world.before('InspectArtifact');

    const answer = await compensate(world.deps)({
      ...held,
      error: caught('ArtifactRejected', 'it is no model\nFix: Upload one.'),
    });

    expect(answer.kind).toBe('Rejected');
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Rejected',
      reason: 'it is no model',
      fix: 'Upload one.',
    });
  });

  it('as Aborted when a person has given it up', async () => {
    const world = memoryWorld();
    const held = await world.before('CheckHealth');
    const trouble = { name: 'Aborted', reason: 'aborted by slipway abort', fix: '' };
    await world.registry.requestAbort(held.deploymentId, trouble);

    const answer = await compensate(world.deps)({ ...held, error: NONE });

    expect(answer.kind).toBe('Aborted');
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Aborted',
      reason: 'aborted by slipway abort',
      data: { error: 'Aborted', degraded: false },
    });
  });

  it('as Superseded when its build was stopped for a newer upload', async () => {
    const world = memoryWorld({ engine: 'image' });
    const held = await world.before('PlanBuild');
    await planBuild(world.deps)(held);
    await world.registry.recordTrouble(held, supersededBuild(MODEL));
    const error = { Error: 'States.TaskFailed', Cause: '' };

    const answers = [
      await compensate(world.deps)({ ...held, error }),
      await compensate(world.deps)({ ...held, error }),
    ];

    expect(answers).toMatchObject([{ kind: 'Superseded' }, { kind: 'Superseded' }]);
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Superseded',
      reason: expect.stringContaining('a newer upload'),
    });
  });

  it.each(['Failed', 'Rejected', 'RolledBack'] as const)(
    'as %s when that is how it has ended',
    async (phase) => {
      const world = memoryWorld();
      const isMoved = phase === 'RolledBack';
      const held = await world.before(isMoved ? 'JudgeBake' : 'PlanBuild');
      if (isMoved) await world.registry.advance(held, 'RollingBack', {}, {});
      await world.registry.advance(held, phase, {}, {});

      const { kind } = await compensate(world.deps)({ ...held, error: NONE });

      expect(kind).toBe(phase);
    },
  );

  it('as Failed, with where it was, when the workflow ran out of looks', async () => {
    const world = memoryWorld();
    const held = await world.before('CheckHealth');

    await compensate(world.deps)({ ...held, error: NONE });

    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Failed',
      reason: 'the workflow gave the deployment up in phase Provisioning',
    });
  });
});
