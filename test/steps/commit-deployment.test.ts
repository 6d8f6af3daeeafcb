import type { BakeRecord } from '#domain/deployment.ts';
import { commitDeployment } from '#steps/commit-deployment.ts';
import { identityModel } from '../support/models/onnx.ts';
import { MODEL, memoryWorld } from '../support/worlds/memory.ts';

describe('the commit', () => {
  it('makes the candidate the live version, and announces it', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('CommitDeployment');

    const answer = await commitDeployment(world.deps)(held);

    expect(answer).toEqual({ kind: 'Live', drainSeconds: 0 });
    expect((await world.registry.model(MODEL))?.live?.revision).toBe('digits-v2');
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Live',
      reason: '',
      data: { kind: 'deploy', revision: 'digits-v2', previous: 'digits-v1', probes: 70 },
    });
  });

  it('is made once', async () => {
    const world = memoryWorld();
    const held = await world.before('CommitDeployment');
    const commit = commitDeployment(world.deps);
    const first = await commit(held);
    const told = await world.told();

    expect(await commit(held)).toEqual(first);
    expect(await world.told()).toEqual(told);
  });

  it('says which alarms nobody could ask about', async () => {
    const world = memoryWorld();
    const held = await world.before('CommitDeployment');
    const { bake } = (await world.recordOf(held)).work;
    await world.registry.recordLook(held, nextLook(bake!, { unknownAlarms: ['p99'] }), null);

    await commitDeployment(world.deps)(held);

    expect((await world.told()).at(-1)?.reason).toBe(
      'the alarm p99 was not found, so it was not watched',
    );
  });

  it.each([{ judges: [{ judge: 'probes', verdict: 'passed', reason: 'all 20' }] as const }, {}])(
    'says what each judge of the bake found, where that is known: %j',
    async (known) => {
      const world = memoryWorld();
      const held = await world.before('CommitDeployment');
      const { judges: _, ...bake } = (await world.recordOf(held)).work.bake!;
      await world.registry.recordLook(held, nextLook(bake, known), null);

      await commitDeployment(world.deps)(held);

      const { data } = (await world.told()).at(-1)!;
      expect(data).toEqual({
        ...{ kind: 'deploy', revision: 'digits-v1', previous: null, probes: bake.probesSent },
        ...known,
      });
    },
  );

  it('says all that was not watched and not shown in one sentence', async () => {
    const world = memoryWorld();
    const bytes = identityModel({ datatype: 'FP32', shape: [1, 5_000_000] });
    const held = await world.before('CommitDeployment', world.upload({ bytes }));
    const { bake } = (await world.recordOf(held)).work;
    await world.registry.recordLook(held, nextLook(bake!, { unknownAlarms: ['p99', '5xx'] }), null);

    await commitDeployment(world.deps)(held);

    expect((await world.told()).at(-1)?.reason).toMatch(
      /started, unproven.*; the alarm p99 was not found.*; the alarm 5xx was not found/,
    );
  });

  it('says what the proof could not show', async () => {
    const world = memoryWorld();
    const bytes = identityModel({ datatype: 'FP32', shape: [1, 5_000_000] });
    const held = await world.before('CommitDeployment', world.upload({ bytes }));

    await commitDeployment(world.deps)(held);

    expect((await world.told()).at(-1)?.reason).toContain('started, unproven');
  });

  it('asks for a drain while the previous version has requests in flight', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('CommitDeployment');
    world.lambda.setInFlight('digits-v1', 1);

    expect(await commitDeployment(world.deps)(held)).toEqual({ kind: 'Live', drainSeconds: 1 });
  });

  it.each([
    { from: 'lambda', to: 'fargate', drainSeconds: 900 },
    { from: 'ec2', to: 'lambda', drainSeconds: 900 },
    { from: 'fargate', to: 'ec2', drainSeconds: 0 },
  ])(
    'leaves $from complete for $drainSeconds s when the traffic has moved to $to',
    async ({ from, to, drainSeconds }) => {
      const world = memoryWorld();
      await world.deploy(world.upload({ manifest: `placement: { target: ${from} }` }));
      const event = world.upload({ manifest: `placement: { target: ${to} }` });
      const held = await world.before('CommitDeployment', event);

      expect(await commitDeployment(world.deps)(held)).toEqual({ kind: 'Live', drainSeconds });
    },
  );

  it('makes a kept version live again, of the deployment that once made it', async () => {
    const world = memoryWorld();
    await world.deploy();
    const first = (await world.registry.model(MODEL))?.live;
    await world.deploy();
    const held = await world.before('CommitDeployment', world.rollback());
    world.clock.advance(1000);

    await commitDeployment(world.deps)(held);

    const live = (await world.registry.model(MODEL))?.live;
    expect(live).toEqual({ ...first, state: 'Live', liveAtMs: world.clock.now() });
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'Live',
      version: 1,
      data: { kind: 'rollback', revision: 'digits-v1', previous: 'digits-v2' },
    });
  });

  it('of the live version itself asks for no drain', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('CommitDeployment', world.rollback(null, 'repair'));
    world.lambda.setInFlight('digits-v1', 1);

    expect(await commitDeployment(world.deps)(held)).toEqual({ kind: 'Live', drainSeconds: 0 });
  });

  it('is refused when another version is live than the one that was shifted from', async () => {
    const world = memoryWorld();
    await world.deploy();
    const held = await world.before('CommitDeployment');
    const { work } = await world.recordOf(held);
    const previous = { revision: 'digits-v0', target: 'lambda' } as const;
    await world.registry.recordWork(held, { shift: { ...work.shift!, previous } });

    await expect(commitDeployment(world.deps)(held)).rejects.toMatchObject({
      name: 'PhaseConflict',
    });
  });
});

/** The next look of a bake, which found something else. */
function nextLook(bake: BakeRecord, found: Partial<BakeRecord>) {
  return { ...bake, ...found, looks: (bake.looks ?? 0) + 1 };
}
