import fc from 'fast-check';
import { NO_LIMITS, type Question } from '#domain/placement/demand.ts';
import { flipsBetween, nextChange } from '#domain/placement/flips.ts';
import {
  atRate,
  cheapest,
  optionAt,
  rankedOptions,
  tieredUse,
} from '#domain/placement/optimize.ts';
import {
  averagedOver,
  averageUsd,
  firstTiers,
  NO_USE,
  usedTogether,
} from '#domain/placement/tiers.ts';
import { SHIPPED_PRICES, TIERED_NAMES, type UnitPrices } from '#domain/placement/unit-prices.ts';

const costOf = (name: (typeof TIERED_NAMES)[number], units: number) =>
  units * averageUsd(SHIPPED_PRICES, name, units);

/** A function under so many requests: 1,000 requests a second of 1 s on 6 GB are 15.8 billion a month. */
const onLambda = (requestsPerSecond: number, prices: UnitPrices = SHIPPED_PRICES) => {
  const question: Question = {
    demand: {
      requestsPerSecond,
      peak: requestsPerSecond,
      p95Ms: null,
      coldStarts: 'allowed',
      hours: 730,
    },
    measured: { requestMs: 1000, parallelPart: 0, memoryMiB: 6144, imageBytes: 1e9, startMs: 3000 },
    limits: { ...NO_LIMITS, maxReplicas: 100_000 },
    allowsSpot: false,
    prices,
  };
  const size = { target: 'lambda', isSpot: false, memoryMiB: 6144, vcpus: 6144 / 1769 } as const;
  return { question, option: optionAt(question, size) };
};

describe('a price with tiers', () => {
  it.each([
    ['apiRequest', 0, 0],
    ['apiRequest', 333e6, 1165.5],
    ['apiRequest', 333e6 + 1, 1165.5 + 0.0000028],
    ['apiRequest', 1e9, 1165.5 + 667 * 2.8],
    ['apiRequest', 1e9 + 1e6, 1165.5 + 667 * 2.8 + 2.38],
    ['apiRequest', 20e9, 1165.5 + 667 * 2.8 + 19_000 * 2.38],
    ['apiRequest', 21e9, 1165.5 + 667 * 2.8 + 19_000 * 2.38 + 1510],
    ['lambdaX86GBSecond', 6e9, 100_000.2],
    ['lambdaX86GBSecond', 6e9 + 1e6, 100_000.2 + 15],
    ['lambdaX86GBSecond', 15e9, 100_000.2 + 135_000],
    ['lambdaX86GBSecond', 15e9 + 1e6, 100_000.2 + 135_000 + 13.3334],
    ['lambdaArmGBSecond', 7.5e9 + 1e6, 100_000.5 + 12.0001],
    ['lambdaArmGBSecond', 18.75e9 + 1e6, 100_000.5 + 135_001.125 + 10.6667],
    ['logGBIn', 10_240, 5120],
    ['logGBIn', 10_241, 5120.25],
    ['logGBIn', 30_721, 5120 + 5120 + 0.1],
    ['logGBIn', 51_201, 5120 + 5120 + 2048 + 0.05],
    ['firehoseGBIn', 512_000 + 1, 14_848.025],
    ['firehoseGBIn', 2_048_000 + 1, 14_848 + 38_400.02],
  ] as const)('of %s makes a bill for %d units of $%d', (name, units, usd) => {
    expect(costOf(name, units)).toBeCloseTo(usd, 6);
  });

  it('costs more for each further unit, and never more on average', () => {
    const units = fc.double({ min: 0, max: 1e11, noNaN: true });
    fc.assert(
      fc.property(fc.constantFrom(...TIERED_NAMES), units, units, (name, one, other) => {
        const [fewer, more] = [Math.min(one, other), Math.max(one, other)];

        // The bill is rounded in its sixteenth digit.
        expect(costOf(name, more) - costOf(name, fewer)).toBeGreaterThanOrEqual(-1e-9);
        expect(averageUsd(SHIPPED_PRICES, name, more)).toBeLessThanOrEqual(
          averageUsd(SHIPPED_PRICES, name, fewer),
        );
      }),
    );
  });

  it('is the same for all units where none are known, as in prices of an earlier Slipway', () => {
    const { tiers: _, ...old } = SHIPPED_PRICES;

    expect(averageUsd(old, 'apiRequest', 1e12)).toBe(0.0000035);
    expect(firstTiers(SHIPPED_PRICES)).toEqual(old);
  });

  it('is paid by several in proportion to their use, and all together pay the bill', () => {
    const uses = [
      { ...NO_USE, apiRequest: 300e6, lambdaX86GBSecond: 5e9 },
      { ...NO_USE, apiRequest: 900e6 },
    ];

    const { usd, tiers } = averagedOver(SHIPPED_PRICES, usedTogether(uses));

    expect(tiers).toBeUndefined();
    expect(usd.apiRequest * 1200e6).toBeCloseTo(1165.5 + 667 * 2.8 + 200 * 2.38, 6);
    expect(usd.lambdaX86GBSecond).toBe(SHIPPED_PRICES.usd.lambdaX86GBSecond);
    expect(usd.tableRead).toBe(SHIPPED_PRICES.usd.tableRead);
  });
});

describe('the bill of a function', () => {
  const gbSecondsUsd = (rate: number) => {
    const { question, option } = onLambda(rate);
    const timed = option.bill.filter(({ what }) => ['GB-seconds', 'starts'].includes(what));
    const usd = timed.reduce((sum, each) => sum + each.usd, 0);
    return { usd, units: tieredUse(question, option).lambdaX86GBSecond };
  };

  it.each([
    { rate: 379, tier: 'first' },
    { rate: 382, tier: 'second' },
    { rate: 948, tier: 'second' },
    { rate: 953, tier: 'third' },
  ])('has the GB-seconds of $rate requests a second by the tiers up to the $tier', ({ rate }) => {
    const { usd, units } = gbSecondsUsd(rate);

    const part = (from: number, to: number) => Math.min(Math.max(units - from, 0), to - from);
    expect(units / (rate * 730 * 3600 * 6)).toBeCloseTo(1, 2);
    expect(usd).toBeCloseTo(
      part(0, 6e9) * 0.0000166667 +
        part(6e9, 15e9) * 0.000015 +
        part(15e9, Number.POSITIVE_INFINITY) * 0.0000133334,
      2,
    );
  });

  it('has its log on top of that of the authorizer, and the way to it costs as much as on other targets', () => {
    // 20,000 a second are 52.6 billion a month: 15,768 GB of each log.
    const requests = 20_000 * 730 * 3600;
    const { question, option } = onLambda(20_000);
    const size = { target: 'fargate', isSpot: false, memoryMiB: 8192, vcpus: 4 } as const;
    const task = optionAt(question, size);
    const logs = option.bill.filter(
      ({ what }) => what.endsWith(' log') && what !== 'the access log',
    );
    const [own = 0, ofAuthorizer = 0] = logs.map(({ usd }) => usd);
    const gb = (300 * requests) / 1e9;

    expect(ofAuthorizer).toBeCloseTo(5120 + (gb - 10_240) * 0.25, 2);
    expect(own + ofAuthorizer).toBeCloseTo(5120 + 5120 + (2 * gb - 30_720) * 0.1, 2);
    expect(option.usd - option.ownUsd).toBeCloseTo(task.usd - task.ownUsd, 6);
    expect(tieredUse(question, option).logGBIn).toBeCloseTo(2 * gb, 6);
    expect(tieredUse(question, task).logGBIn).toBeCloseTo(gb, 6);
  });

  it('has the authorizer and the access log by their tiers', () => {
    // 2 million a second, for the authorizer; the first steps of both are full.
    const requests = 2_000_000 * 730 * 3600;
    const { bill } = onLambda(2_000_000).option;
    const usdOf = (name: string) => bill.find(({ what }) => what === name)!.usd;
    const gbSeconds = requests * 0.005;
    const gb = (requests * 5000) / 1e9;

    const full = 7.5e9 * 0.0000133334 + 11.25e9 * 0.0000120001;
    expect(
      usdOf('the authorizer') / (requests * 2e-7 + full + (gbSeconds - 18.75e9) * 0.0000106667),
    ).toBeCloseTo(1, 9);
    expect(
      usdOf('the access log') / (512_000 * 0.029 + 1_536_000 * 0.025 + (gb - 2_048_000) * 0.02),
    ).toBeCloseTo(1, 9);
  });

  it('grows with the requests, also from one tier to the next', () => {
    const bills = Array.from({ length: 200 }, (_, step) => onLambda(350 + step * 5).option);

    for (const [index, bill] of bills.entries()) {
      expect(bill.ownUsd).toBeGreaterThan(bills[index - 1]?.ownUsd ?? 0);
      expect(bill.usd).toBeGreaterThan(bills[index - 1]?.usd ?? 0);
    }
  });

  describe('where tasks cost a twentieth less than the first tier', () => {
    const { question } = onLambda(2000);
    const own = (target: 'lambda' | 'fargate', prices: UnitPrices) =>
      Math.min(
        ...rankedOptions({ ...question, prices })
          .filter((option) => option.target === target && option.refusals.length === 0)
          .map(({ ownUsd }) => ownUsd),
      );
    const { usd } = SHIPPED_PRICES;
    const times =
      (0.95 * own('lambda', firstTiers(SHIPPED_PRICES))) / own('fargate', SHIPPED_PRICES);
    const ofTasks = [
      'fargateGBHour',
      'fargateVcpuHour',
      'loadBalancerHour',
      'loadBalancerUnitHour',
      'publicAddressHour',
    ] as const;
    const dearer = Object.fromEntries(ofTasks.map((name) => [name, usd[name] * times]));
    const prices = { ...SHIPPED_PRICES, usd: { ...usd, ...dearer } };
    const asked: Question = { ...question, prices, refused: { ec2: 'not asked' } };

    it('is the lower one once its tiers are reached', () => {
      expect(cheapest({ ...asked, prices: firstTiers(prices) })?.target).toBe('fargate');
      expect(cheapest(asked)?.target).toBe('lambda');
    });

    it('takes the place of the tasks where both bills cross', () => {
      const flips = flipsBetween(asked, 350, 20_000);

      // On average 4 % less than the first tier: of two within 1 % the faster is the choice.
      const crossing = 10e9 / (730 * 3600 * 6);
      expect(flips).toHaveLength(1);
      expect(flips[0]).toMatchObject({ from: 'fargate', to: 'lambda', why: 'faster' });
      expect(flips[0]!.requestsPerSecond / crossing).toBeCloseTo(1, 2);
      expect(nextChange(atRate(asked, 350)).flip?.requestsPerSecond).toBe(
        flips[0]!.requestsPerSecond,
      );
      expect(flipsBetween({ ...asked, prices: firstTiers(prices) }, 350, 20_000)).toEqual([]);
    });
  });
});
