import type { Slipway } from '#control/slipway.ts';
import { DAY_MS, HOUR_MS } from '#domain/durations.ts';
import { averageUsd } from '#domain/placement/tiers.ts';
import { SHIPPED_PRICES } from '#domain/placement/unit-prices.ts';
import { slipwayRequests } from '#operations/slipway.ts';
import { measuredLive } from '#steps/measured-live.ts';
import { costLines, costReport } from '../../../src/cli/views/cost.ts';
import { explanationLines } from '../../../src/cli/views/explain.ts';
import { whatIf, whatIfLines } from '../../../src/cli/views/whatif.ts';
import { type MemoryWorld, MODEL, memoryWorld } from '../../support/worlds/memory.ts';

/** The models of an account by how many requests a second each gets. */
async function accountOf(models: Readonly<Record<string, number>>) {
  const read: string[] = [];
  const world = memoryWorld({ engine: 'image' });
  world.builds.measure(20);
  for (const model of Object.keys(models)) {
    await world.deploy(world.upload({ model, manifest: 'placement: { target: lambda }' }));
  }
  world.clock.advance(14 * DAY_MS);
  for (const [model, perSecond] of Object.entries(models)) call(world, model, perSecond);
  const demand: MemoryWorld['demand'] = {
    ...world.demand,
    async hours(live, ...rest) {
      read.push(live.model);
      return world.demand.hours(live, ...rest);
    },
  };
  return { world, slipway: slipwayOf(world, { demand, isSpent: true, measurements: null }), read };
}

/** The requests of models and their bills over a world, which need no more of a Slipway. */
function slipwayOf({ registry, clock, prices }: MemoryWorld, more: object): Slipway {
  const endpoint = (model: string) => `/models/${model}`;
  const requests = { registry, clock, prices, endpoint, alerts: async () => [], ...more };
  return slipwayRequests(
    requests as unknown as Parameters<typeof slipwayRequests>[0],
  ) as unknown as Slipway;
}

function call({ clock, demand }: MemoryWorld, model: string, perSecond: number): void {
  const nowMs = clock.now();
  const hours = Array.from({ length: 14 * 24 }, (_, ago) => ({
    atMs: nowMs - (nowMs % HOUR_MS) - ago * HOUR_MS,
    requests: perSecond * 3600,
    busiestMinute: perSecond * 60,
  }));
  demand.called(model, hours);
}

const ALL = { model: undefined, durationMs: undefined, isSpent: true, parameters: null };
/** 788.4 and 262.8 million requests a month: together they reach the third tier of API Gateway. */
const CALLED = { large: 300, small: 100 };

describe('the bill of a model', () => {
  it('is the same in cost, in cost of the model alone, in explain, and for a million calls in the status', async () => {
    const { slipway } = await accountOf(CALLED);

    const { revisions } = await costReport(slipway, ALL);
    const { models } = await slipway.listModels({});

    expect(revisions.map(({ model }) => model)).toEqual(['large', 'small']);
    for (const { model, usdPerMonth, perCallsUsd, durationMs } of revisions) {
      const alone = await costReport(slipway, { ...ALL, model });
      const { bill } = await slipway.explainVersion({ name: model });
      const status = models.find(({ name }) => name === model);
      const own = await slipway.readModel({ name: model });
      expect(usdPerMonth).toBeGreaterThan(100);
      expect(alone.revisions).toMatchObject([{ usdPerMonth, perCallsUsd, durationMs }]);
      expect(bill?.usdPerMonth).toBe(usdPerMonth);
      for (const { cost } of [status!, own]) {
        expect(cost).toMatchObject({ perMillionUsd: perCallsUsd, durationMs });
      }
    }
  });

  it('is a share of the bill of all: the requests to API Gateway sum to what AWS bills for them', async () => {
    const { slipway } = await accountOf(CALLED);

    const report = await costReport(slipway, ALL);

    const bills = await Promise.all(
      Object.keys(CALLED).map(async (name) => (await slipway.explainVersion({ name })).bill!),
    );
    const units = [300, 100].map((perSecond) => perSecond * 730 * 3600);
    const [first = 0, second = 0] = units;
    const usd = (of: number) => of * averageUsd(SHIPPED_PRICES, 'apiRequest', of);
    const saved = bills.map((bill) => bill.aloneUsdPerMonth! - bill.usdPerMonth!);
    expect(report.shared.apiRequest.units).toBeCloseTo(first + second, -3);
    expect(saved[0]! + saved[1]!).toBeCloseTo(usd(first) + usd(second) - usd(first + second), 1);
    expect(Math.min(...saved)).toBeGreaterThan(0);
  });

  it('says in explain and whatif how much less the share is than their bills, which are those of a model alone', async () => {
    const { slipway } = await accountOf(CALLED);
    const words =
      /^These bills are those of a model that is alone .* for its traffic of now small costs \$[\d,.]+ a month/;

    const explained = await slipway.explainVersion({ name: 'small' });
    const asked = whatIf(explained, undefined, { requestMs: undefined, allowsSpot: false });

    expect(explanationLines(explained)).toContainEqual(expect.stringMatching(words));
    expect(whatIfLines(asked)).toContainEqual(expect.stringMatching(words));
    const { slipway: quiet } = await accountOf({ small: 100 });
    const alone = await quiet.explainVersion({ name: 'small' });
    expect(explanationLines(alone).join('\n')).not.toMatch('These bills are');
    expect(costLines(await costReport(quiet, ALL)).join('\n')).not.toMatch('cheaper tiers');
  });

  it('goes by what its own server took where no build has measured it', async () => {
    const world = memoryWorld();
    await world.deploy(world.upload({ manifest: 'traffic: { requestsPerSecond: 200 }' }));
    const { name, live } = (await world.registry.model(MODEL))!;
    const known = async () => measuredLive(world.registry, live!);
    const measurements = { measure: known, known };
    const slipway = slipwayOf(world, { demand: world.demand, isSpent: false, measurements });
    const before = await slipway.readModel({ name });
    const runs = [{ vcpus: 2, rows: 1, requests: 20, ms: 40, cpuMs: 40 }];
    await world.registry.noteMeasured(live!, { by: 'none', runs });

    const [cost] = (await costReport(slipway, { ...ALL, isSpent: false })).revisions;
    const after = await slipway.readModel({ name });
    const { bill } = await slipway.explainVersion({ name });

    expect(before.cost).not.toMatchObject({ durationMs: 40 });
    expect(after.cost).toMatchObject({ durationMs: 40, perMillionUsd: cost?.perCallsUsd });
    expect(cost).toMatchObject({ durationMs: 40, usdPerMonth: bill?.usdPerMonth });
    // 200 requests a second reach the second tier of API Gateway.
    expect(bill?.together.apiRequest).toBeCloseTo(200 * 2.628e6, -3);
    expect(bill?.usdPerMonth).toBe(bill?.aloneUsdPerMonth);
  });

  it('of a version that is not live is that which it would have beside the others', async () => {
    const { world, slipway } = await accountOf(CALLED);
    await world.deploy(
      world.upload({ model: 'small', manifest: 'placement: { target: fargate }' }),
    );

    const { bill } = await slipway.explainVersion({ name: 'small', version: 2 });
    const old = await slipway.explainVersion({ name: 'small', version: 1 });

    const month = 730 * 3600;
    expect(bill!.together.apiRequest).toBeCloseTo(400 * month, 0);
    // It was placed by the first guess: one request a second in office hours.
    expect(old.bill!.together.apiRequest).toBeCloseTo(300 * month + 174 * 3600, 0);
    // A model in containers uses no GB-seconds, and starts add some to those of the other.
    expect(bill!.together.lambdaX86GBSecond / (300 * month * 0.02 * (1769 / 1024))).toBeCloseTo(
      1,
      1,
    );
  });

  it('reads the traffic of the models once in a quarter of an hour, and of none where nobody wants to know', async () => {
    const { world, slipway, read } = await accountOf(CALLED);

    const { models } = await slipway.listModels({ costs: false });
    await slipway.readModel({ name: 'small', costs: false });
    expect(read).toEqual([]);
    expect(models.map(({ cost }) => cost)).toEqual([null, null]);

    for (let times = 0; times < 3; times += 1) await slipway.listModels({});
    expect(read.toSorted()).toEqual(['large', 'small']);
    world.clock.advance(15 * 60_000);
    await slipway.listModels({});
    expect(read).toHaveLength(4);
  });

  it('reads none for a model whose manifest names its traffic', async () => {
    const { world, slipway, read } = await accountOf({ small: 100 });
    const manifest = 'traffic: { requestsPerSecond: 300 }\nplacement: { target: lambda }';
    await world.deploy(world.upload({ model: 'declared', manifest }));

    const { bill } = await slipway.explainVersion({ name: 'small' });

    expect(read).not.toContain('declared');
    expect(bill?.together.apiRequest).toBeCloseTo(400 * 2.628e6, -4);
  });
});
