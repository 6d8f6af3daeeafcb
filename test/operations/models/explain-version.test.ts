import { Failure } from '#domain/failure.ts';
import { pricesWith, SHIPPED_PRICES, type UnitPrices } from '#domain/placement/unit-prices.ts';
import { explainVersion } from '#operations/models/explain-version.ts';
import { modelStatus } from '#operations/models/model-status.ts';
import { useTogether } from '#operations/models/use-together.ts';
import { whatIf } from '../../../src/cli/views/whatif.ts';
import { MODEL, memoryWorld } from '../../support/worlds/memory.ts';

const HOUR = 3_600_000;

/** A model of 100 ms that is live on Lambda by the first guess or the given manifest, and was called 60 times a second for two weeks. */
async function calledWorld(manifest = '') {
  const world = memoryWorld({ engine: 'image' });
  world.builds.measure(100);
  await world.deploy(world.upload({ manifest }));
  world.clock.advance(14 * 24 * HOUR);
  const nowMs = world.clock.now();
  world.demand.called(
    MODEL,
    Array.from({ length: 14 * 24 }, (_, ago) => ({
      atMs: nowMs - (nowMs % HOUR) - ago * HOUR,
      requests: 60 * 3600,
      busiestMinute: 3600,
    })),
  );
  const model = (await world.registry.model(MODEL))!;
  const { registry, demand, prices, clock } = world;
  const deps = { registry, demand, prices, clock, isSpent: true, measureLive: null };
  const together = useTogether(deps);
  return { world, model, deps: { ...deps, together } };
}

describe('the explanation of a live version', () => {
  it('weighs it by what it got where its manifest names no traffic, with the advice of now', async () => {
    const { model, deps } = await calledWorld();

    const { weighing, advice, target } = await explainVersion(deps, model, null);

    expect(weighing).toMatchObject({
      isGuess: false,
      learntDays: 14,
      question: { demand: { requestsPerSecond: 60, peak: 60, hours: 730 } },
    });
    expect([target, weighing?.options[0]?.target]).toEqual(['lambda', 'fargate']);
    expect(weighing?.byDemand?.points).toHaveLength(17);
    const today = weighing?.question.demand.requestsPerSecond ?? 0;
    const next = weighing?.byDemand?.breakEvens.find((each) => each.requestsPerSecond > today);
    expect(weighing?.flipsAt ?? Infinity).toBeLessThanOrEqual(next?.requestsPerSecond ?? Infinity);
    expect(advice).toMatchObject({ to: expect.stringMatching(/on fargate$/) });
  });

  it('is by the prices of the last deploy in the status of the model too', async () => {
    const { world, model } = await calledWorld();
    const seen = { endpoint: '', nowMs: world.clock.now(), alerts: [], isSpent: true };
    const billed = async (prices: UnitPrices) =>
      (await modelStatus(world.registry, model, { ...seen, prices })).cost?.perMillionUsd ?? 0;
    const apiRequest = 0.001;
    const dear = pricesWith({ apiRequest }, { region: 'eu-central-1', asOf: '2026-12-01' });

    expect((await billed(dear)) - (await billed(SHIPPED_PRICES))).toBeCloseTo(
      1e6 * (apiRequest - SHIPPED_PRICES.usd.apiRequest),
      1,
    );
  });

  it('keeps to the traffic that the manifest names, and advises by what it got all the same', async () => {
    const { model, deps } = await calledWorld('traffic: { requestsPerSecond: 0.1 }');

    const { weighing, advice, traffic } = await explainVersion(deps, model, null);

    expect(traffic).toMatchObject({ requestsPerSecond: 0.1, peak: 0.2, hours: 730 });
    expect(weighing?.question.demand.requestsPerSecond).toBe(0.1);
    expect(weighing).not.toHaveProperty('learntDays');
    expect(advice?.savesUsd).toBeGreaterThan(5);
  });

  it('says for a guess from which demand on another target costs less, with the replicas that a known demand may have', async () => {
    const { model, deps } = await calledWorld();
    const demand = { hours: () => Promise.reject(new Failure('PlatformDenied', 'not allowed')) };

    const explained = await explainVersion({ ...deps, demand }, model, null);

    const { isGuess, question, byDemand, flipsAt } = explained.weighing!;
    const asked = { ...question.demand, requestsPerSecond: 2, peak: 4 };
    const { flipsAt: whenAsked } = whatIf(explained, asked, {
      requestMs: undefined,
      allowsSpot: false,
    });
    expect(isGuess).toBe(true);
    expect(question.limits.maxReplicas).toBe(1);
    // The curve looks in finer steps, and may find an earlier rate.
    expect(flipsAt!).toBeGreaterThan(2);
    expect(flipsAt).toBe(whenAsked);
    expect(byDemand!.points.at(-1)!.usd.fargate).not.toBeNull();
  });

  it('is by the first guess and the shipped prices where neither counts nor prices can be read', async () => {
    const { model, deps } = await calledWorld();
    const denied = () => Promise.reject(new Failure('PlatformDenied', 'not allowed'));

    const explained = await explainVersion(
      { ...deps, demand: { hours: denied }, prices: { read: denied } },
      model,
      null,
    );

    expect(explained).toMatchObject({ weighing: { isGuess: true }, prices: SHIPPED_PRICES });
    expect(explained).not.toHaveProperty('advice');
  });

  it('weighs what it got by the prices that the last deploy read', async () => {
    const { world, model, deps } = await calledWorld();
    const fargateVcpuHour = SHIPPED_PRICES.usd.fargateVcpuHour * 3;
    await world.prices.keep(
      pricesWith({ fargateVcpuHour }, { region: 'eu-central-1', asOf: '2026-12-01' }),
    );

    const { weighing, prices, advice } = await explainVersion(deps, model, null);

    expect(prices?.region).toBe('eu-central-1');
    expect(weighing?.options[0]?.target).toBe('lambda');
    expect(advice).toBeUndefined();
  });
});

describe('the explanation of a version that is not live', () => {
  it('weighs it as it was weighed when it was placed, whatever it got since, and names the live one', async () => {
    const { world, deps } = await calledWorld();
    await world.deploy(world.upload());
    const model = (await world.registry.model(MODEL))!;

    const retired = await explainVersion(deps, model, 1);
    const live = await explainVersion(deps, model, null);

    expect([retired.live, retired.state, live.live, live.state]).toEqual([2, 'Retired', 2, 'Live']);
    const { decision } = (await world.registry.deployment(retired.deploymentId))!.work;
    expect(retired.weighing).toMatchObject({ isGuess: true, options: decision!.weighing!.options });
    expect(retired).not.toHaveProperty('advice');
    expect(live.weighing).toMatchObject({ isGuess: false, learntDays: 14 });
  });

  it('says that nothing is live of an undeployed model', async () => {
    const { world, deps } = await calledWorld();
    await world.deploy(world.undeploy());

    const explained = await explainVersion(deps, (await world.registry.model(MODEL))!, null);

    expect(explained).toMatchObject({ live: null, state: 'Removed', phase: 'Live' });
  });

  it('has no state where it never went live', async () => {
    const { world, deps } = await calledWorld();
    await world.before('ShiftTraffic', world.upload());

    const explained = await explainVersion(deps, (await world.registry.model(MODEL))!, 2);

    expect(explained.live).toBe(1);
    expect(explained).not.toHaveProperty('state');
  });
});
