import { answered } from '../support/memory/prober.ts';
import { complaints, endings } from '../support/worlds/complaints.ts';
import { answersRight, answersWrong, MODEL } from '../support/worlds/memory.ts';
import { type VirtualWorkflow, virtualWorkflow } from '../support/worlds/virtual-workflow.ts';

/** Version 2 with this share of the traffic, version 1 with the rest. */
const at = (percent: number) => ({ 'digits-v1': 100 - percent, 'digits-v2': percent });
const V1 = { 'digits-v1': 100 };
const V2 = { 'digits-v2': 100 };
const served = (world: VirtualWorkflow) => world.router.history(MODEL).map(({ shares }) => shares);

/** A live version 1, and the upgrade that is to follow by this `rollout`. */
async function upgrade(rollout: string, target = 'fargate') {
  const world = virtualWorkflow({ spreadMs: 2000 });
  const placement = `placement: { target: ${target} }`;
  await world.run(world.upload({ manifest: placement }));
  const event = world.upload({ manifest: `${placement}\nrollout: ${rollout}` });
  return { world, run: () => world.run(event) };
}

describe('an upgrade', () => {
  it.each([
    { rollout: '{}', steps: [at(10), V2], bakes: [180, 60] },
    { rollout: '{ strategy: all-at-once }', steps: [V2], bakes: [60] },
    { rollout: '{ strategy: canary, bakeSeconds: 7 }', steps: [at(10), V2], bakes: [7, 7] },
    {
      rollout: '{ strategy: linear, bakeSeconds: 30 }',
      steps: [at(20), at(40), at(60), at(80), V2],
      bakes: [30, 30, 30, 30, 30],
    },
    {
      rollout: '{ steps: [1, 50, 100], bakeSeconds: 100 }',
      steps: [at(1), at(50), V2],
      bakes: [100, 100, 100],
    },
    { rollout: '{ steps: [50, 100], bakeSeconds: 0 }', steps: [at(50), V2], bakes: [0, 0] },
  ])('by $rollout moves step by step, each watched', async ({ rollout, steps, bakes }) => {
    const { world, run } = await upgrade(rollout);

    await run();

    expect(await complaints(world)).toEqual([]);
    expect(world.outages).toEqual([]);
    expect(served(world)).toEqual([V1, ...steps]);
    const told = (await world.told()).filter(({ version }) => version === 2);
    const moves = told.filter(({ state }) => ['Shifting', 'Baking', 'Live'].includes(state));
    expect(moves.map(({ state }) => state)).toEqual([
      ...steps.flatMap(() => ['Shifting', 'Baking']),
      'Live',
    ]);
    const watched = moves.flatMap((event, index) =>
      event.state === 'Baking' ? [Date.parse(moves[index + 1]!.time) - Date.parse(event.time)] : [],
    );
    expect(watched).toEqual(bakes.map((seconds) => seconds * 1000));
  });

  it('is verified and judged in each step before the next is made', async () => {
    const { world, run } = await upgrade('{ steps: [10, 50, 100], bakeSeconds: 30 }');
    const before = world.states.length;

    await run();

    const steps = world.states.slice(before);
    const shifts = steps.slice(steps.indexOf('ShiftTraffic'), steps.indexOf('CommitDeployment'));
    const once = shifts.filter((state, index) => state !== shifts[index - 1]);
    expect(once).toEqual([1, 2, 3].flatMap(() => ['ShiftTraffic', 'VerifyTraffic', 'JudgeBake']));
  });

  it('from Lambda to containers moves all at once and says so', async () => {
    const world = virtualWorkflow();
    await world.run(world.upload());
    const manifest = 'placement: { target: fargate }\nrollout: { strategy: linear }';

    await world.run(world.upload({ manifest }));

    expect(served(world)).toEqual([V1, V2]);
    const shifting = (await world.told()).filter(({ state }) => state === 'Shifting');
    expect(shifting.map(({ reason }) => reason)).toEqual([
      '',
      'from lambda to fargate the traffic can only move all at once, so the strategy is not linear',
    ]);
  });
});

describe('a breach', () => {
  const hasTraffic = (world: VirtualWorkflow) =>
    Object.hasOwn(world.router.dataPlane(MODEL), 'digits-v2');

  it.each([
    {
      what: 'probes fail',
      spoil: (world: VirtualWorkflow) =>
        world.behave('digits-v2', (asked) =>
          (hasTraffic(world) ? answersWrong : answersRight)(asked),
        ),
      reason: '11 of 11 probes failed since the shift',
    },
    {
      what: 'it answers much slower',
      spoil: (world: VirtualWorkflow) =>
        world.behave('digits-v2', (asked) => ({ ...answersRight(asked), latencyMs: 900 })),
      reason: 'a request takes 900 ms, and 1 ms on the revision it replaces',
    },
    {
      what: 'it never has room for a probe',
      spoil: (world: VirtualWorkflow) =>
        world.behave('digits-v2', (asked) =>
          hasTraffic(world) && asked !== 'ready' ? answered(429) : answersRight(asked),
        ),
      reason: 'no probe has been answered since the shift',
    },
    {
      what: 'an alarm of its manifest rings',
      spoil: (world: VirtualWorkflow) => world.metrics.ring('checkout'),
      reason: 'in state ALARM: checkout',
    },
    {
      what: 'clients get server errors',
      spoil: (world: VirtualWorkflow) => {
        let clients = 60;
        world.tap(async (method, call) => {
          for (; method === 'metrics.traffic' && clients > 0; clients -= 1) {
            world.metrics.record('digits-v2', 500);
          }
          return call();
        });
      },
      reason: 'were answered by a server error',
    },
  ])('in the first step, as $what, puts the ten percent back', async ({ spoil, reason }) => {
    const { world, run } = await upgrade('{ strategy: canary, alarms: [checkout] }');
    spoil(world);

    await run();

    expect(await complaints(world)).toEqual([]);
    expect(world.outages).toEqual([]);
    expect(served(world)).toEqual([V1, at(10), V1]);
    expect((await world.told()).at(-1)).toMatchObject({
      state: 'RolledBack',
      reason: expect.stringContaining(reason),
      data: { degraded: false, left: [] },
    });
    expect(world.existing()).toEqual(['digits-v1']);
  });

  it('in a later step puts all of it back', async () => {
    const { world, run } = await upgrade('{ steps: [10, 50, 100] }');
    world.behave('digits-v2', (asked) => {
      const share = world.router.dataPlane(MODEL)['digits-v2'] ?? 0;
      return (share >= 50 ? answersWrong : answersRight)(asked);
    });

    await run();

    expect(served(world)).toEqual([V1, at(10), at(50), V1]);
    expect(await complaints(world)).toEqual([]);
  });
});

describe('a rollback', () => {
  /** Deploys so many versions, the last of them live. */
  async function versions(count: number, manifest = '') {
    const world = virtualWorkflow({ spreadMs: 2000 });
    for (let version = 1; version <= count; version += 1) {
      await world.run(world.upload({ manifest }));
    }
    return world;
  }
  const live = async (world: VirtualWorkflow) =>
    (await world.registry.model(MODEL))?.live?.revision;

  it('takes the version before, at once and without a bake', async () => {
    const world = await versions(2);
    const askedMs = world.clock.now();

    await world.run(world.rollback());

    expect(await live(world)).toBe('digits-v1');
    expect(world.clock.now() - askedMs).toBeLessThan(5000);
    expect(await complaints(world)).toEqual([]);
  });

  it('of a rollback goes forward again', async () => {
    const world = await versions(3);
    await world.run(world.rollback(1));
    expect(await live(world)).toBe('digits-v1');

    await world.run(world.rollback());

    expect(await live(world)).toBe('digits-v3');
    expect(await complaints(world)).toEqual([]);
  });

  it('with nothing to go back to is a no-op, and so is one to the live version', async () => {
    const world = await versions(1);
    const told = await world.told();

    expect((await world.run(world.rollback())).error).toBe('');
    expect((await world.run(world.rollback(1))).error).toBe('');

    expect(await live(world)).toBe('digits-v1');
    expect(await world.told()).toEqual(told);
  });

  it('to a version that is gone does nothing', async () => {
    const world = await versions(3, 'rollout: { keepVersions: 1 }');
    expect(world.existing()).toEqual(['digits-v2', 'digits-v3']);

    await world.run(world.rollback(1));

    expect(await live(world)).toBe('digits-v3');
    expect(await complaints(world)).toEqual([]);
  });

  it('to a version that works no more is rolled back itself', async () => {
    const world = await versions(2);
    world.behave('digits-v1', (asked) =>
      (Object.hasOwn(world.router.dataPlane(MODEL), 'digits-v1') ? answersWrong : answersRight)(
        asked,
      ),
    );

    await world.run(world.rollback());

    expect(await live(world)).toBe('digits-v2');
    expect(await complaints(world)).toEqual([]);
    expect(endings(await world.told())).toEqual(['Live', 'Live', 'RolledBack']);
  });

  it('does not keep the next upload from going live', async () => {
    const world = await versions(2);
    await world.run(world.rollback());

    await world.run(world.upload());

    expect(await live(world)).toBe('digits-v3');
    expect(await complaints(world)).toEqual([]);
  });

  it('keeps as many versions as ever, those that were live last', async () => {
    const world = await versions(3, 'rollout: { keepVersions: 2 }');
    await world.run(world.rollback(1));
    await world.run(world.upload());

    expect(world.existing()).toEqual(['digits-v1', 'digits-v3', 'digits-v4']);
    expect(await complaints(world)).toEqual([]);
  });

  it('waits while a deployment of the model is in progress', async () => {
    const world = await versions(2);
    const asked = Promise.withResolvers<void>();
    let rollback: Promise<unknown> | undefined;
    world.tap(async (method, call) => {
      if (method === 'artifacts.open' && !rollback) {
        rollback = world.run(world.rollback(1));
        await asked.promise;
      }
      return call().finally(
        () => rollback && method === 'registry.acquireLease' && asked.resolve(),
      );
    });

    await world.run(world.upload());
    await rollback;

    expect(await live(world)).toBe('digits-v1');
    expect(served(world).slice(-2)).toEqual([{ 'digits-v3': 100 }, V1]);
    expect(await complaints(world)).toEqual([]);
  });
});

describe('an undeploy', () => {
  it('leaves the model as new for the next upload, but for its numbers', async () => {
    const world = virtualWorkflow({ spreadMs: 2000 });
    await world.run(world.upload());
    await world.run(world.undeploy());
    expect(world.existing()).toEqual([]);

    await world.run(world.upload());

    expect(await complaints(world)).toEqual([]);
    expect(world.running()).toEqual(['digits-v2']);
    expect(served(world)).toEqual([V1, {}, V2]);
  });

  it('of a model that is gone already is done', async () => {
    const world = virtualWorkflow();
    await world.run(world.upload());
    await world.run(world.undeploy());

    await world.run(world.undeploy());

    expect(endings(await world.told())).toEqual(['Live', 'Undeployed', 'Undeployed']);
    expect(await complaints(world)).toEqual([]);
  });

  it('waits until requests in flight have ended', async () => {
    const world = virtualWorkflow();
    await world.run(world.upload());
    world.lambda.setInFlight('digits-v1', 1);
    const askedMs = world.clock.now();

    await world.run(world.undeploy());

    expect(world.clock.now() - askedMs).toBe(1000);
  });
});

describe('an abort', () => {
  const ABORTED = { name: 'Aborted', reason: 'somebody asked for it', fix: '' };

  it.each([
    ['InspectArtifact', 'Aborted'],
    ['ChooseTarget', 'Aborted'],
    ['ProvisionFargate', 'Aborted'],
    ['DescribeCandidate', 'Aborted'],
    ['CheckHealth', 'Aborted'],
    ['ShiftTraffic', 'Aborted'],
    ['VerifyTraffic', 'RolledBack'],
    ['JudgeBake', 'RolledBack'],
  ])('in %s leaves the version before as it was, and ends as %s', async (state, end) => {
    const { world, run } = await upgrade('{ strategy: canary }');
    world.tap(async (_, call) => {
      if (world.states.at(-1) !== state) return call();
      world.tap((_method, rest) => rest());
      const [deployment] = await world.registry.unended();
      await world.registry.requestAbort(deployment!.id, ABORTED);
      world.stop();
      return new Promise(() => {});
    });

    await run();

    expect(await complaints(world)).toEqual([]);
    expect(world.outages).toEqual([]);
    expect(world.router.dataPlane(MODEL)).toEqual(V1);
    expect(world.existing()).toEqual(['digits-v1']);
    expect((await world.told()).at(-1)).toMatchObject({
      state: end,
      reason: 'somebody asked for it',
      data: { error: 'Aborted', degraded: false },
    });
  });
});
