import { verifyTraffic } from '#steps/verify-traffic.ts';
import { MODEL, memoryWorld } from '../support/worlds/memory.ts';

describe('verifying the traffic', () => {
  it('begins the bake when clients get the candidate', async () => {
    const world = memoryWorld({ spreadMs: 3000 });
    const held = await world.before('VerifyTraffic');
    world.clock.advance(3000);

    const answer = await verifyTraffic(world.deps)({ ...held, attempt: 1 });

    expect(answer).toEqual({ kind: 'verified', retrySeconds: 0, attempt: 2 });
    expect(await world.recordOf(held)).toMatchObject({
      phase: 'Baking',
      work: { bake: { startedAtMs: world.clock.now() } },
    });
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Baking',
      data: { shares: { 'digits-v1': 100 }, bakeSeconds: 0 },
    });
  });

  it('looks again while the change spreads, the later the longer it takes', async () => {
    const world = memoryWorld({ spreadMs: 100_000 });
    const held = await world.before('VerifyTraffic');

    const early = await verifyTraffic(world.deps)({ ...held, attempt: 0 });
    world.clock.advance(50_000);
    const late = await verifyTraffic(world.deps)({ ...held, attempt: 1 });

    expect(early).toEqual({ kind: 'pending', retrySeconds: 1, attempt: 1 });
    expect(late).toEqual({ kind: 'pending', retrySeconds: 5, attempt: 2 });
    expect((await world.recordOf(held)).phase).toBe('Shifting');
  });

  it('gives up after two minutes, and says what it saw', async () => {
    const world = memoryWorld({ spreadMs: 200_000 });
    const held = await world.before('VerifyTraffic');

    world.clock.advance(119_999);
    const early = await verifyTraffic(world.deps)({ ...held, attempt: 0 });
    world.clock.advance(1);
    const late = await verifyTraffic(world.deps)({ ...held, attempt: 1 });

    expect([early.kind, late.kind]).toEqual(['pending', 'expired']);
    expect((await world.recordOf(held)).trouble).toMatchObject({
      name: 'TrafficUnverified',
      reason: expect.stringMatching(/within 120 s: clients still get/),
    });
  });

  it('gives a move between Lambda and containers fifteen minutes', async () => {
    const world = memoryWorld();
    await world.deploy();
    const event = world.upload({ manifest: 'placement: { target: fargate }' });
    const held = await world.before('VerifyTraffic', event);
    const verify = async () => ({ kind: 'pending', reason: 'the old side still answers' }) as const;
    const router = { ...world.router, verify };
    const look = () => verifyTraffic({ ...world.deps, router })({ ...held, attempt: 0 });

    world.clock.advance(899_999);
    const early = await look();
    world.clock.advance(1);
    const late = await look();

    expect([early.kind, late.kind]).toEqual(['pending', 'expired']);
    expect((await world.recordOf(held)).trouble?.reason).toBe(
      'the traffic was not seen on the new version within 900 s: the old side still answers',
    );
  });

  it('holds the router to the step that is under way', async () => {
    const world = memoryWorld();
    await world.deploy();
    const manifest = 'rollout: { strategy: canary }';
    const held = await world.before('VerifyTraffic', world.upload({ manifest }));

    await verifyTraffic(world.deps)({ ...held, attempt: 0 });

    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Baking',
      data: { shares: { 'digits-v1': 90, 'digits-v2': 10 }, bakeSeconds: 180 },
    });
  });

  it('is done once: a bake that has begun is not begun again', async () => {
    const world = memoryWorld();
    const held = await world.before('JudgeBake');
    const { work } = await world.recordOf(held);
    world.clock.advance(5000);
    await world.router.remove(MODEL, held.epoch);

    const { kind } = await verifyTraffic(world.deps)({ ...held, attempt: 1 });

    expect(kind).toBe('verified');
    expect((await world.recordOf(held)).work).toEqual(work);
  });
});
