import type { CalledHour } from '#domain/placement/learnt.ts';
import type { NotedStart } from '#domain/placement/noted-start.ts';
import type { Ceiling, Ceilings } from '#ports/ceilings.ts';
import { meterLive } from '#steps/meter-live.ts';
import { type MemoryWorld, MODEL, memoryWorld } from '../support/worlds/memory.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

type Setup = {
  readonly manifest?: string;
  readonly maxMonthlyUsd?: number | null;
  readonly isSpent?: boolean;
};

/** A model of 100 ms, live since a month began, and its meter. */
async function meteredWorld({ manifest = '', maxMonthlyUsd = 50, isSpent = true }: Setup = {}) {
  const world = memoryWorld({ engine: 'image', caps: { maxMonthlyUsd } });
  world.builds.measure(100);
  await world.deploy(world.upload({ manifest }));
  const beganMs = nextMonth(world);
  const set: Ceiling[] = [];
  const ceilings: Ceilings = { set: async (_, ceiling) => void set.push(ceiling) };
  const meterAt = (cap: number | null) =>
    meterLive({ ...world.deps, caps: { maxMonthlyUsd: cap }, ceilings, isSpent });
  return { world, set, beganMs, meter: meterAt(maxMonthlyUsd), meterAt };
}

/** A month begins. */
function nextMonth({ clock }: MemoryWorld): number {
  const now = new Date(clock.now());
  const beganMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
  clock.advance(beganMs - clock.now());
  return beganMs;
}

/** So many days pass, with so many requests a second. */
function pass(
  { world, beganMs }: { world: MemoryWorld; beganMs: number },
  days: number,
  perSecond: number,
) {
  const hours: readonly CalledHour[] = Array.from({ length: days * 24 }, (_, hour) => ({
    atMs: beganMs + hour * HOUR,
    requests: perSecond * 3600,
    busiestMinute: perSecond * 60,
  }));
  world.demand.called(MODEL, hours);
  world.clock.advance(days * DAY);
}

const told = async (world: MemoryWorld) =>
  (await world.told()).filter(({ state }) => state === 'Overspent');
const spentOf = async (world: MemoryWorld) => (await world.registry.model(MODEL))?.spent;

describe('the meter of a cap', () => {
  it('adds up what the requests of a month have cost, and says nothing below the cap', async () => {
    const metered = await meteredWorld();
    pass(metered, 5, 5);

    expect(await metered.meter()).toEqual([]);

    const { usd = 0, ...spent } = (await spentOf(metered.world))!;
    expect(usd).toBeGreaterThan(6);
    expect(usd).toBeLessThan(7);
    expect(spent).toMatchObject({ isOver: false, most: null });
    expect([await told(metered.world), metered.set]).toEqual([[], []]);
  });

  it('says once that the cap is reached, and limits nothing by default', async () => {
    const metered = await meteredWorld();
    pass(metered, 10, 30);

    for (let look = 0; look < 3; look += 1) await metered.meter();

    expect(await told(metered.world)).toMatchObject([
      {
        version: 1,
        reason: expect.stringMatching(
          new RegExp(
            `^${MODEL} has cost \\$\\d+\\.\\d\\d since \\d{4}-\\d\\d-01, by its requests; the cap maxMonthlyUsd is \\$50$`,
          ),
        ),
        fix: expect.stringContaining('Nothing is limited: placement.overspent'),
        data: { maxMonthlyUsd: 50, most: null },
      },
    ]);
    expect(metered.set).toEqual([]);
  });

  it.each([
    [8, 'lambda', 20, /, so it may have 1 execution at once for now$/],
    [10, 'lambda', 30, /, so it answers nothing until the month ends$/],
    [20, 'fargate', 30, /, so it may have 1 replica for now$/],
  ])(
    'after %i days limits a model on %s of %i requests a second that asks for that, and takes the limit away in the next month',
    async (days, target, perSecond, says) => {
      const manifest = `placement: { target: ${target}, overspent: fewer }\nscaling: { max: 2 }`;
      const metered = await meteredWorld({
        manifest,
        maxMonthlyUsd: target === 'lambda' ? 50 : 95,
      });
      const { world, set, meter } = metered;
      pass(metered, days, perSecond);

      expect(await meter()).toEqual([MODEL]);
      await meter();
      world.clock.advance(40 * DAY);
      world.demand.called(MODEL, []);
      await meter();
      await meter();

      const most = days === 10 ? 0 : 1;
      const usual = { min: 1, max: 2 };
      expect(set).toEqual([
        { most, usual, scales: true },
        { most, usual, scales: true },
        { most: null, usual, scales: true },
      ]);
      expect(await told(world)).toMatchObject([{ reason: expect.stringMatching(says) }]);
    },
  );

  it('takes its limit away where the cap is taken away', async () => {
    const metered = await meteredWorld({ manifest: 'placement: { overspent: fewer }' });
    const { world, set, meter, meterAt } = metered;
    pass(metered, 10, 30);
    await meter();

    const uncapped = meterAt(null);
    await uncapped();
    await uncapped();

    expect(set.map(({ most }) => most)).toEqual([0, null]);
    expect(await spentOf(world)).toMatchObject({ isOver: false, most: null });
  });

  it('leaves one execution on one machine, where nothing is spent', async () => {
    const manifest = 'placement: { overspent: fewer }';
    const metered = await meteredWorld({ manifest, isSpent: false });
    pass(metered, 10, 30);

    await metered.meter();

    expect(metered.set).toMatchObject([{ most: 1 }]);
    expect(await told(metered.world)).toMatchObject([
      { reason: expect.stringMatching(/, so it may have 1 execution at once for now$/) },
    ]);
  });

  it('says what AWS would cost where nothing is spent, and what is refused', async () => {
    const metered = await meteredWorld({
      manifest: 'placement: { overspent: refuse }',
      isSpent: false,
    });
    pass(metered, 10, 30);

    await metered.meter();

    expect(await told(metered.world)).toMatchObject([
      {
        reason: expect.stringContaining(`${MODEL} would have cost on AWS $`),
        fix: expect.stringContaining('are rejected until the month ends'),
      },
    ]);
  });

  it('adds up without a cap too, and reads the counts once an hour then', async () => {
    const { world, beganMs, set } = await meteredWorld({ maxMonthlyUsd: null });
    pass({ world, beganMs }, 5, 5);
    let reads = 0;
    const demand: typeof world.demand = {
      ...world.demand,
      hours(...asked) {
        reads += 1;
        return world.demand.hours(...asked);
      },
    };
    const ceilings: Ceilings = { set: () => Promise.reject(new Error('set')) };
    const caps = { maxMonthlyUsd: null };
    const meter = meterLive({ ...world.deps, demand, caps, ceilings, isSpent: true });

    for (let look = 0; look < 8; look += 1) {
      world.clock.advance(15 * 60_000);
      expect(await meter()).toEqual([]);
    }

    expect(reads).toBe(2);
    const { usd = 0, ...spent } = (await spentOf(world))!;
    expect(usd).toBeGreaterThan(6);
    expect(spent).not.toHaveProperty('maxMonthlyUsd');
    expect([await told(world), set]).toEqual([[], []]);
  });

  it.each(['lambda', 'fargate'])(
    'holds the cap of a version on %s whose build measured nothing',
    async (target) => {
      const manifest = `placement: { target: ${target}, overspent: fewer }\nscaling: { max: 2 }`;
      const world = memoryWorld({ engine: 'image', caps: { maxMonthlyUsd: 95 } });
      const { deploymentId } = await world.deploy(world.upload({ manifest }));
      const { decision } = (await world.registry.deployment(deploymentId))?.work ?? {};
      const beganMs = nextMonth(world);
      const set: Ceiling[] = [];
      const ceilings: Ceilings = { set: async (_, ceiling) => void set.push(ceiling) };
      const meter = meterLive({
        ...world.deps,
        caps: { maxMonthlyUsd: 95 },
        ceilings,
        isSpent: true,
      });
      // A request takes a millisecond there, and a task answers ten a second.
      pass({ world, beganMs }, 20, target === 'lambda' ? 300 : 25);

      expect(await meter()).toEqual([MODEL]);

      expect(decision?.weighing).toBeUndefined();
      expect(set).toMatchObject([{ most: target === 'lambda' ? 0 : 1 }]);
      expect(await told(world)).toMatchObject([{ data: { maxMonthlyUsd: 95 } }]);
    },
  );

  it.each([
    { isSpent: true, says: 'as the account has noted its starts', more: 1 },
    { isSpent: false, says: 'as published on one machine, whose starts are no function', more: 0 },
  ])('bills starts that no placement expected $says', async ({ isSpent, more }) => {
    const spentBy = async (seconds: number) => {
      const world = memoryWorld({ engine: 'image' });
      await world.deploy(world.upload());
      pass({ world, beganMs: nextMonth(world) }, 2, 0.0001);
      const start: NotedStart = {
        target: 'lambda',
        runtime: 'onnx',
        deploymentId: 'd',
        layers: [1000],
        serverSeconds: seconds,
        seconds,
        atMs: 0,
      };
      const registry: MemoryWorld['registry'] = {
        ...world.registry,
        starts: async () => Array.from({ length: 5 }, () => start),
        async deployment(id) {
          const found = (await world.registry.deployment(id))!;
          const { startSeconds: _, ...decision } = found.work.decision!;
          return { ...found, work: { ...found.work, decision } };
        },
      };
      const caps = { maxMonthlyUsd: null };
      const ceilings = { set: async () => {} };
      await meterLive({ ...world.deps, registry, caps, ceilings, isSpent })();
      return (await spentOf(world))!.usd;
    };

    const [short, long] = [await spentBy(1), await spentBy(100)];

    expect(Math.sign(long - short)).toBe(more);
  });

  it('adds up what the instances of a named type cost', async () => {
    const metered = await meteredWorld({
      manifest: 'placement: { target: ec2 }',
      maxMonthlyUsd: null,
    });
    pass(metered, 2, 1);

    await metered.meter();

    // 48 hours of a c6a.large with its fee, its volume, its address, and of the load balancer.
    const hour = 0.0765 * 1.12 + (80 * 0.08) / 730 + 0.005 + 0.0225;
    expect((await spentOf(metered.world))?.usd).toBeCloseTo(47 * hour, 1);
  });

  it('says why nothing is added where an earlier Slipway let ECS choose the instance, keeps what was spent before, and takes a limit away', async () => {
    const manifest = 'placement: { overspent: fewer }';
    const metered = await meteredWorld({ manifest, maxMonthlyUsd: null });
    const { world, set, meterAt } = metered;
    pass(metered, 10, 30);
    await meterAt(50)();
    const before = (await spentOf(world))!;
    await world.deploy(world.upload({ manifest: 'placement: { target: ec2 }' }));
    world.clock.advance(DAY);
    const ceilings: Ceilings = { set: async (_, ceiling) => void set.push(ceiling) };
    const registry = {
      ...world.registry,
      async deployment(id: string) {
        const found = (await world.registry.deployment(id))!;
        const decision = { ...found.work.decision!, instanceTypes: [] };
        return { ...found, work: { ...found.work, decision } };
      },
    };
    const caps = { maxMonthlyUsd: 50 };
    const meter = meterLive({ ...world.deps, registry, caps, ceilings, isSpent: true });

    await meter();
    await meter();

    expect((await world.registry.model(MODEL))?.live?.target).toBe('ec2');
    expect(set.map(({ most }) => most)).toEqual([0, null]);
    expect(await spentOf(world)).toMatchObject({
      usd: before.usd,
      isOver: true,
      most: null,
      maxMonthlyUsd: 50,
      unmetered: expect.stringContaining('what it costs on EC2 is not metered'),
    });
  });

  it('goes on with the others where one cannot be counted', async () => {
    const { world, beganMs } = await meteredWorld();
    await world.deploy(world.upload({ model: 'letters' }));
    world.clock.advance(beganMs + DAY - world.clock.now());
    const asked: string[] = [];
    const demand = {
      async hours({ model }: { readonly model: string }) {
        asked.push(model);
        throw new Error('no counts');
      },
    };
    const ceilings: Ceilings = { set: async () => undefined };
    const meter = meterLive({ ...world.deps, demand, ceilings, isSpent: true });

    await expect(meter()).rejects.toThrow('no counts');
    expect(asked).toHaveLength(2);
  });
});
