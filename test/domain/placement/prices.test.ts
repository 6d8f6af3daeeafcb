import fargate from '#domain/data/fargate-sizes.json' with { type: 'json' };
import gpus from '#domain/data/gpu-instances.json' with { type: 'json' };
import prices from '#domain/data/prices-us-east-1.json' with { type: 'json' };
import { NO_LIMITS, type Question } from '#domain/placement/demand.ts';
import { cheapest } from '#domain/placement/optimize.ts';
import {
  completed,
  PRICE_NAMES,
  pricesWith,
  pricesWords,
  SHIPPED_PRICES,
  TIERED_NAMES,
  type UnitPrices,
} from '#domain/placement/unit-prices.ts';

it('every price has a page that states it', () => {
  const stated = {
    ...prices,
    gpuHosts: { usd: 0, source: gpus.source },
    managedInstancesFee: { usd: 0, source: gpus.managedInstancesFee.source },
  };
  const recalled = Object.entries(stated)
    .filter(([, price]) => typeof price === 'object' && !price.source.startsWith('https://'))
    .map(([name]) => name);

  expect(recalled).toEqual([]);
});

it('no price stands beside the sizes of tasks, where it would have no page', () => {
  expect(Object.keys(fargate).filter((name) => /usd/i.test(name))).toEqual([]);
});

it('each tier that is shipped begins after the one before it, and costs less', () => {
  for (const name of TIERED_NAMES) {
    const tiers = [{ from: 0, usd: SHIPPED_PRICES.usd[name] }, ...SHIPPED_PRICES.tiers![name]!];

    expect(tiers.length).toBeGreaterThan(2);
    expect(tiers).toEqual(tiers.toSorted((one, other) => one.from - other.from));
    expect(tiers).toEqual(tiers.toSorted((one, other) => other.usd - one.usd));
    expect(new Set(tiers.flatMap(({ from, usd }) => [from, usd])).size).toBe(2 * tiers.length);
  }
});

describe('the prices of a region', () => {
  const read = { region: 'eu-central-1', asOf: '2026-12-01' };

  it('are completed by the shipped ones, which are named', () => {
    const some = pricesWith({ lambdaRequest: 1 }, read);

    expect(some.usd).toEqual({ ...SHIPPED_PRICES.usd, lambdaRequest: 1 });
    expect(some.tiers).toEqual(SHIPPED_PRICES.tiers);
    expect(some.shipped).toEqual(PRICE_NAMES.filter((name) => name !== 'lambdaRequest'));
    expect(pricesWords(some)).toBe(
      `Prices of eu-central-1, 2026-12-01 (12 of them of us-east-1, ${prices.asOf})`,
    );
    expect(pricesWords(SHIPPED_PRICES)).toBe(`Prices of us-east-1, ${prices.asOf}`);
  });

  it('of an earlier Slipway are completed by the shipped ones, and those that were read stay', () => {
    const { volumeGBMonth: _, ...usd } = {
      ...SHIPPED_PRICES.usd,
      fargateVcpuHour: 1,
      tableRead: 9,
    };
    const kept = { ...read, usd, shipped: ['tableRead'] } as unknown as UnitPrices;

    const whole = completed(kept);

    expect(whole.usd).toEqual({ ...SHIPPED_PRICES.usd, fargateVcpuHour: 1 });
    expect(whole.shipped).toEqual(['tableRead', 'volumeGBMonth']);
    expect(whole).not.toHaveProperty('instances');
  });

  it('have the tiers that were read with them, else none: those of us-east-1 may be others', () => {
    const tiers = { apiRequest: [{ from: 333_000_000, usd: 0.000003 }] };
    const usd = { ...SHIPPED_PRICES.usd, apiRequest: 0.0000037, lambdaX86GBSecond: 0.00002 };

    const some = pricesWith(usd, { ...read, tiers });

    expect(some.tiers).toEqual(tiers);
    expect(completed(some)).toEqual(some);
  });

  it('of an earlier Slipway have no tiers, but where a shipped price completes them', () => {
    const usd = { ...SHIPPED_PRICES.usd, apiRequest: 0.0000037, lambdaX86GBSecond: 9 };
    const kept: UnitPrices = { ...read, usd, shipped: ['lambdaX86GBSecond'] };

    const whole = completed(kept);

    expect(whole.usd.apiRequest).toBe(0.0000037);
    expect(whole.tiers).toEqual({ lambdaX86GBSecond: SHIPPED_PRICES.tiers?.lambdaX86GBSecond });
  });

  it('decide a placement: dearer tasks make a function the cheapest', () => {
    const question: Question = {
      demand: { requestsPerSecond: 40, peak: 60, p95Ms: null, coldStarts: 'allowed', hours: 730 },
      measured: {
        requestMs: 100,
        parallelPart: 0,
        memoryMiB: 600,
        imageBytes: 10 ** 9,
        startMs: 3000,
      },
      limits: NO_LIMITS,
      allowsSpot: false,
    };
    const fargateVcpuHour = prices.fargateVcpuHour.usd * 3;

    expect(cheapest(question)?.target).toBe('fargate');
    expect(cheapest({ ...question, prices: pricesWith({ fargateVcpuHour }, read) })?.target).toBe(
      'lambda',
    );
  });
});
