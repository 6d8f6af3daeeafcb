import { TARGETS } from '#domain/placement/target.ts';
import { explainVersion } from '#operations/models/explain-version.ts';
import { describeCandidate } from '#steps/describe-candidate.ts';
import { MODEL, memoryWorld } from '../support/worlds/memory.ts';

const LINES = Array.from({ length: 12 }, (_, line) => `line ${line}`);

describe('looking at the candidate', () => {
  it('says that it is ready', async () => {
    const world = memoryWorld();
    const held = await world.before('DescribeCandidate');

    const answer = await describeCandidate(world.deps)({ ...held, attempt: 2 });

    expect(answer).toEqual({ kind: 'ready', retrySeconds: 1, attempt: 3 });
  });

  it('records how long the candidate took to get ready, once', async () => {
    const world = memoryWorld({ pendingMs: 4_200 });
    const held = await world.before('DescribeCandidate');
    world.clock.advance(4_200);

    await describeCandidate(world.deps)({ ...held, attempt: 0 });
    world.clock.advance(60_000);
    await describeCandidate(world.deps)({ ...held, attempt: 1 });

    expect((await world.recordOf(held)).work.candidate?.startMs).toBe(4_200);
  });

  it.each([
    { what: 'as the platform knows it', startMs: 900, recorded: 900 },
    { what: 'not at all where another look started it', startMs: null, recorded: undefined },
  ])('records the start $what', async ({ startMs, recorded }) => {
    const world = memoryWorld();
    const held = await world.before('DescribeCandidate');
    const describe = async () => ({ kind: 'ready', startMs }) as const;
    const lambda = { ...world.deps.platforms.lambda, describe };
    const platforms = { ...world.deps.platforms, lambda };
    world.clock.advance(4_200);

    await describeCandidate({ ...world.deps, platforms })({ ...held, attempt: 0 });

    expect((await world.recordOf(held)).work.candidate?.startMs).toBe(recorded);
  });

  it('tells a start by a spare server apart, in the note of the start and where it is explained', async () => {
    const world = memoryWorld();
    const startsIn = (seconds: number, fromSpare: boolean) => {
      const startMs = seconds * 1000;
      const describe = async () =>
        ({ kind: 'ready', startMs, ...(fromSpare && { fromSpare }) }) as const;
      Object.assign(world.deps.platforms.lambda, { describe });
    };
    for (const fromSpare of [true, false]) {
      startsIn(fromSpare ? 0.6 : 2, fromSpare);
      for (let version = 0; version < 6; version += 1) await world.deploy(world.upload());
    }
    startsIn(0.6, true);
    await world.deploy(world.upload());

    const model = (await world.registry.model(MODEL))!;
    const { registry, demand, prices, clock } = world;
    const deps = {
      registry,
      demand,
      prices,
      clock,
      isSpent: false,
      measureLive: null,
      together: null,
    };
    const { start } = await explainVersion(deps, model, null);

    const { work } = (await world.registry.deployment(model.live!.deploymentId))!;
    const noted = await world.registry.starts(work.plan!.runtime);
    expect(noted.filter(({ fromSpare }) => fromSpare).map(({ seconds }) => seconds)).toEqual(
      Array.from({ length: 7 }, () => 0.6),
    );
    expect(start).toEqual({ seconds: 0.6, expectedSeconds: 0.6, notedStarts: 6, fromSpare: true });
  });

  it('records no start that another execution had begun', async () => {
    const world = memoryWorld({ pendingMs: 4_200 });
    const held = await world.before('DescribeCandidate');
    const { candidate } = (await world.recordOf(held)).work;
    await world.registry.recordWork(held, { candidate: { ...candidate!, attempt: 2 } });
    world.clock.advance(4_200);

    await describeCandidate(world.deps)({ ...held, attempt: 0 });

    expect((await world.recordOf(held)).work.candidate).not.toHaveProperty('startMs');
  });

  it('says when to look again, the later the longer it takes', async () => {
    const world = memoryWorld({ pendingMs: 200_000 });
    const held = await world.before('DescribeCandidate');

    const early = await describeCandidate(world.deps)({ ...held, attempt: 0 });
    world.clock.advance(100_000);
    const late = await describeCandidate(world.deps)({ ...held, attempt: 1 });

    expect(early).toEqual({ kind: 'pending', retrySeconds: 1, attempt: 1 });
    expect(late).toEqual({ kind: 'pending', retrySeconds: 10, attempt: 2 });
    expect((await world.recordOf(held)).trouble).toBeNull();
  });

  it.each(TARGETS)('looks where it runs: %s', async (target) => {
    const world = memoryWorld();
    const manifest = `placement: { target: ${target} }`;
    const held = await world.before('DescribeCandidate', world.upload({ manifest }));
    world.platforms[target].throttle(1);

    const look = describeCandidate(world.deps)({ ...held, attempt: 0 });

    await expect(look).rejects.toMatchObject({ name: 'PlatformThrottled' });
    expect((await describeCandidate(world.deps)({ ...held, attempt: 0 })).kind).toBe('ready');
  });

  it('waits for a change where waiting costs nothing', async () => {
    const world = memoryWorld({ pendingMs: 700 });
    const held = await world.before('DescribeCandidate');

    const { kind } = await describeCandidate({ ...world.deps, waitMs: 1000 })({
      ...held,
      attempt: 0,
    });

    expect(kind).toBe('ready');
  });

  it('tells why it failed, with the last ten lines of its log', async () => {
    const world = memoryWorld();
    world.lambda.foresee('digits-v1', { kind: 'fails', reason: 'exit code 1', logTail: LINES });
    const held = await world.before('DescribeCandidate');

    const { kind } = await describeCandidate(world.deps)({ ...held, attempt: 0 });

    expect(kind).toBe('failed');
    expect((await world.recordOf(held)).trouble).toEqual({
      name: 'RevisionFailed',
      reason: [
        `digits-v1 did not start: exit code 1, and had said: ${LINES.at(-1)}`,
        ...LINES.slice(2),
      ].join('\n'),
      fix: expect.stringContaining('slipway logs'),
    });
  });

  it('tells why it failed, where it said nothing', async () => {
    const world = memoryWorld();
    world.lambda.foresee('digits-v1', { kind: 'fails', reason: 'exit code 1', logTail: [] });
    const held = await world.before('DescribeCandidate');

    await describeCandidate(world.deps)({ ...held, attempt: 0 });

    expect((await world.recordOf(held)).trouble?.reason).toBe(
      'digits-v1 did not start: exit code 1',
    );
  });

  it('gives up one that is not ready in its time', async () => {
    const world = memoryWorld({ pendingMs: 60_000 });
    const event = world.upload({ manifest: 'server: { startupTimeoutSeconds: 20 }' });
    const held = await world.before('DescribeCandidate', event);

    world.clock.advance(19_999);
    const early = await describeCandidate(world.deps)({ ...held, attempt: 0 });
    world.clock.advance(1);
    const late = await describeCandidate(world.deps)({ ...held, attempt: 1 });

    expect([early.kind, late.kind]).toEqual(['pending', 'expired']);
    expect((await world.recordOf(held)).trouble).toMatchObject({
      reason: 'digits-v1 was not ready in 20 s: its first instance starts',
      fix: expect.stringContaining('startupTimeoutSeconds'),
    });
  });

  describe('that waits for room', () => {
    const REASON = 'it waits for memory';
    const waitingWorld = async () => {
      const world = memoryWorld({ pendingMs: 5_000 });
      world.lambda.keepWaiting('digits-v1', REASON);
      const event = world.upload({ manifest: 'server: { startupTimeoutSeconds: 20 }' });
      const held = await world.before('DescribeCandidate', event);
      const look = () => describeCandidate(world.deps)({ ...held, attempt: 0 });
      const announced = async () =>
        (await world.registry.events({ after: '', limit: 100 })).events
          .map(({ event: { detail } }) => `${detail.state}: ${detail.reason}`)
          .slice(-2);
      return { world, held, look, announced };
    };

    it('announces once what it waits for, and once that it starts', async () => {
      const { world, held, look, announced } = await waitingWorld();

      await look();
      await look();
      expect(await announced()).toEqual(['Provisioning: ', `Waiting: ${REASON}`]);
      expect((await world.recordOf(held)).work.candidate?.waitsFor).toBe(REASON);
      expect((await world.recordOf(held)).phase).toBe('Provisioning');

      world.lambda.makeRoom('digits-v1');
      await look();
      expect(await announced()).toEqual([`Waiting: ${REASON}`, 'Provisioning: ']);
      expect((await world.recordOf(held)).work.candidate?.waitsFor).toBeUndefined();
    });

    it('gives it all its time to get ready, from when it starts', async () => {
      const { world, held, look } = await waitingWorld();
      await look();
      world.clock.advance(3_600_000);

      expect((await look()).kind).toBe('pending');
      world.lambda.makeRoom('digits-v1');
      expect((await look()).kind).toBe('pending');
      world.clock.advance(4_999);
      expect((await look()).kind).toBe('pending');
      world.clock.advance(1);

      expect((await look()).kind).toBe('ready');
      expect((await world.recordOf(held)).trouble).toBeNull();
    });

    it('gives it up once its time from its start is over', async () => {
      const { world, held, look } = await waitingWorld();
      await look();
      world.clock.advance(3_600_000);
      world.lambda.makeRoom('digits-v1', 60_000);
      await look();

      world.clock.advance(20_000);

      expect((await look()).kind).toBe('expired');
      expect((await world.recordOf(held)).trouble?.reason).toContain('was not ready in 20 s');
    });

    it('tells why it failed, where it failed at once', async () => {
      const { world, held, look } = await waitingWorld();
      await look();
      await world.lambda.remove('digits-v1', held.epoch);

      expect((await look()).kind).toBe('failed');
      expect((await world.recordOf(held)).trouble?.reason).toBe('digits-v1 is gone');
    });
  });

  it('gives up one that is gone', async () => {
    const world = memoryWorld();
    const held = await world.before('DescribeCandidate');
    await world.lambda.remove('digits-v1', held.epoch);

    const { kind } = await describeCandidate(world.deps)({ ...held, attempt: 0 });

    expect(kind).toBe('failed');
    expect((await world.recordOf(held)).trouble?.reason).toBe('digits-v1 is gone');
  });

  it('gives up none that may have traffic', async () => {
    const world = memoryWorld();
    const held = await world.before('VerifyTraffic');
    await world.lambda.remove('digits-v1', held.epoch);

    const answer = await describeCandidate(world.deps)({ ...held, attempt: 0 });

    expect(answer).toEqual({ kind: 'ready', retrySeconds: 0, attempt: 1 });
    expect((await world.recordOf(held)).trouble).toBeNull();
  });
});
