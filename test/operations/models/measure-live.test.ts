import { DAY_MS, HOUR_MS } from '#domain/durations.ts';
import { explainVersion } from '#operations/models/explain-version.ts';
import { liveMeasurements, type MeasureLive } from '#operations/models/measure-live.ts';
import type { ProbeAnswer } from '#ports/prober.ts';
import { type MemoryWorld, MODEL, memoryWorld } from '../../support/worlds/memory.ts';

const NEVER = new Promise<never>(() => {});

/** A live version whose file no build measured. Its server takes 20 ms and 30 ms of CPU time for each request; clients keep both CPUs busy for so long before each. */
async function liveWorld(
  change: (answer: ProbeAnswer) => ProbeAnswer = (answer) => answer,
  clientsMs = 0,
  manifest = '',
) {
  const world = memoryWorld();
  await world.deploy(world.upload({ manifest }));
  let cpuSeconds = 5;
  const sent: string[] = [];
  const waits: AbortSignal[] = [];
  const deps: Parameters<typeof liveMeasurements>[0] = {
    registry: world.registry,
    router: world.router,
    clock: world.clock,
    async giveWay() {
      world.clock.advance(clientsMs);
      cpuSeconds += (2 * clientsMs) / 1000;
    },
    async sleep(_, signal) {
      waits.push(signal);
      return NEVER;
    },
    cpuSeconds: () => cpuSeconds,
    vcpus: 2,
    prober: {
      async send(address, model, request, timeoutMs) {
        sent.push(address);
        world.clock.advance(20);
        cpuSeconds += 0.03;
        const answer = await world.prober.send(address, model, request, timeoutMs);
        return change(answer.kind === 'answer' ? { ...answer, latencyMs: 20 } : answer);
      },
    },
  };
  const { measure: measureLive, known } = liveMeasurements(deps);
  const restarted = () => liveMeasurements(deps);
  return { world, measureLive, known, restarted, sent, waits, live: await liveOf(world) };
}

async function liveOf({ registry }: MemoryWorld) {
  return (await registry.model(MODEL))!.live!;
}

async function explained(world: MemoryWorld, measureLive: MeasureLive) {
  const { registry, demand, prices, clock } = world;
  const deps = { registry, demand, prices, clock, measureLive, isSpent: false, together: null };
  return explainVersion(deps, (await registry.model(MODEL))!, null);
}

describe('a live version that no build has measured', () => {
  it('is measured by its golden request, for half a second, with the CPU time of its server', async () => {
    const { measureLive, live, sent } = await liveWorld();

    expect(await measureLive(live)).toEqual({
      by: 'none',
      // 5 requests warm it up for 100 ms.
      runs: [{ vcpus: 2, rows: 1, requests: 20, ms: 20, cpuMs: expect.closeTo(30, 6) }],
    });
    expect(new Set(sent)).toEqual(new Set(['/_candidate/digits-v1']));
  });

  it('takes no CPU time of the clients to which its requests give way', async () => {
    const { measureLive, live } = await liveWorld(undefined, 50);

    const measurement = await measureLive(live);

    expect(measurement?.runs).toEqual([
      { vcpus: 2, rows: 1, requests: 6, ms: 20, cpuMs: expect.closeTo(40, 6) },
    ]);
  });

  it('is measured once, however often it is asked for, and the next version anew', async () => {
    const { world, measureLive, live, sent } = await liveWorld();
    await Promise.all([measureLive(live), measureLive(live)]);
    const before = sent.length;
    await measureLive(live);
    expect(sent).toHaveLength(before);

    await world.deploy(world.upload());
    await measureLive(await liveOf(world));

    expect(sent).toHaveLength(2 * before);
  });

  it('is not measured for a look alone, which shows what is known', async () => {
    const { world, measureLive, known, live, sent } = await liveWorld();

    expect(await known(live)).toBeUndefined();
    expect(await explained(world, known)).not.toHaveProperty('weighing');
    expect(sent).toEqual([]);

    const found = await measureLive(live);
    expect(await known(live)).toEqual(found);

    await world.deploy(world.upload());
    expect(await known(await liveOf(world))).toBeUndefined();
  });

  it('keeps its figures over a restart', async () => {
    const { measureLive, restarted, live, sent } = await liveWorld();
    const found = await measureLive(live);
    const before = sent.length;

    const { measure, known } = restarted();

    expect(await measure(live)).toEqual(found);
    expect(await known(live)).toEqual(found);
    expect(sent).toHaveLength(before);
  });

  it('is waited for no longer once it is measured', async () => {
    const { measureLive, live, waits } = await liveWorld();

    await measureLive(live);

    expect(waits.map(({ aborted }) => aborted)).toEqual([true]);
  });

  it('is asked again later where it does not answer now', async () => {
    let isDown = true;
    const { measureLive, live } = await liveWorld((answer) =>
      isDown ? { kind: 'none', reason: 'it starts' } : answer,
    );

    expect(await measureLive(live)).toBeUndefined();
    isDown = false;
    expect(await measureLive(live)).toBeDefined();
  });

  it('is measured once where the version before it does not answer meanwhile', async () => {
    let isDown = true;
    const { world, measureLive, live, sent } = await liveWorld((answer) =>
      isDown ? { kind: 'none', reason: 'it ends' } : answer,
    );
    await world.deploy(world.upload());
    const next = await liveOf(world);

    const before = measureLive(live).then(() => {
      isDown = false;
    });
    const [, found] = await Promise.all([before, measureLive(next)]);
    const asked = sent.length;

    expect(found).toBeDefined();
    expect(await measureLive(next)).toEqual(found);
    expect(sent).toHaveLength(asked);
  });

  it('is explained without its time where that takes too long', async () => {
    const world = memoryWorld();
    await world.deploy(world.upload());
    const { measure } = liveMeasurements({
      ...{ registry: world.registry, router: world.router, clock: world.clock },
      ...{ giveWay: async () => {}, sleep: async () => {}, cpuSeconds: () => null, vcpus: 2 },
      prober: { send: () => NEVER },
    });

    expect(await explained(world, measure)).not.toHaveProperty('weighing');
  });

  it('is weighed by its bills, and the explanation says that no bill has placed it', async () => {
    const { world, measureLive } = await liveWorld();

    const { weighing, options } = await explained(world, measureLive);

    expect(weighing).toMatchObject({
      isLater: true,
      isGuess: true,
      // On one CPU a request takes its CPU time, of which two shorten two thirds.
      question: {
        measured: { requestMs: expect.closeTo(30, 6), parallelPart: expect.closeTo(2 / 3, 6) },
      },
    });
    expect(weighing?.options[0]).toMatchObject({ target: 'lambda', refusals: [] });
    expect(options.find(({ taken }) => taken)?.reason).toMatch(/^fits in /);
  });

  it('is weighed once for the requests that it got, and its advice knows how many replicas it has', async () => {
    const manifest = 'placement: { target: fargate }';
    const { world, measureLive } = await liveWorld(undefined, 0, manifest);
    world.clock.advance(14 * DAY_MS);
    const nowMs = world.clock.now();
    const hours = Array.from({ length: 14 * 24 }, (_, ago) => ({
      atMs: nowMs - (nowMs % HOUR_MS) - ago * HOUR_MS,
      ...{ requests: 60 * 3600, busiestMinute: 3600 },
    }));
    world.demand.called(MODEL, hours);

    const { weighing, advice } = await explained(world, measureLive);

    expect(weighing).toMatchObject({
      isLater: true,
      learntDays: 14,
      question: { demand: { requestsPerSecond: 60, peak: 60, hours: 730 } },
    });
    // The next version may have as many as it needs.
    expect(weighing?.options[0]).toMatchObject({ target: 'fargate', refusals: [] });
    expect(weighing?.options[0]?.replicas).toBeGreaterThan(1);
    // As many as its manifest says, by default one.
    expect(advice?.reason).toMatch(/ but the peak needs 3 replicas; 1 may run$/);
  });
});
