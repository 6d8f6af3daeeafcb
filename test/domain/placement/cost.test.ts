import type { TargetOption } from '#domain/deployment.ts';
import { requestTime, revisionCost } from '#domain/placement/cost.ts';
import { SHIPPED_PRICES } from '#domain/placement/unit-prices.ts';

const option: TargetOption = {
  target: 'lambda',
  taken: true,
  memoryMiB: 1769,
  cpuUnits: 1024,
  instanceTypes: [],
  monthlyUsd: 0,
  reason: 'it fits',
};
const MILLION = { requests: 1_000_000, durationMs: 100 };

describe('what a revision costs', () => {
  it('on Lambda is nothing while idle, and the time and memory of each request', () => {
    const { idleUsdPerMonth, items, perCallsUsd } = revisionCost(option, MILLION, SHIPPED_PRICES);

    expect(idleUsdPerMonth).toBe(0);
    expect(items).toEqual([
      { what: 'API Gateway', usd: 3.5 },
      { what: 'the authorizer', usd: 0.27 },
      { what: 'the key reads of the authorizer', usd: 0.13 },
      { what: "the authorizer's log", usd: 0.15 },
      { what: 'the access log', usd: 0.15 },
      // 1769 / 1024 GB for 0.1 s, a million times, at $0.0000166667, $0.20 for the requests, and $0.15 for what Lambda logs of them.
      { what: 'Lambda, 1769 MiB for 100 ms', usd: 3.23 },
    ]);
    expect(perCallsUsd).toBe(7.43);
  });

  it.each([
    { millions: 333, gatewayUsd: 333 * 3.5 },
    { millions: 334, gatewayUsd: 333 * 3.5 + 2.8 },
    { millions: 1000, gatewayUsd: 333 * 3.5 + 667 * 2.8 },
    { millions: 1001, gatewayUsd: 333 * 3.5 + 667 * 2.8 + 2.38 },
    { millions: 20_000, gatewayUsd: 333 * 3.5 + 667 * 2.8 + 19_000 * 2.38 },
    { millions: 20_001, gatewayUsd: 333 * 3.5 + 667 * 2.8 + 19_000 * 2.38 + 1.51 },
  ])(
    'pays API Gateway $gatewayUsd for $millions million calls, tier by tier',
    ({ millions, gatewayUsd }) => {
      const load = { requests: millions * 1e6, durationMs: 100 };

      const { items } = revisionCost(option, load, SHIPPED_PRICES);

      expect(items[0]).toEqual({ what: 'API Gateway', usd: Math.round(gatewayUsd * 100) / 100 });
    },
  );

  it('on Lambda grows with the time that a request takes', () => {
    const slow = revisionCost(option, { ...MILLION, durationMs: 1000 }, SHIPPED_PRICES);

    expect(slow.items.at(-1)).toEqual({ what: 'Lambda, 1769 MiB for 1000 ms', usd: 29.14 });
  });

  it.each([
    { target: 'fargate' as const, monthlyUsd: 36.04 },
    { target: 'ec2' as const, monthlyUsd: null },
  ])(
    'on $target is its replicas, called or not, and of calls only the way to it, with the load balancer',
    ({ target, monthlyUsd }) => {
      const cost = revisionCost({ ...option, target, monthlyUsd }, MILLION, SHIPPED_PRICES);

      expect(cost.idleUsdPerMonth).toBe(monthlyUsd);
      expect(cost.items.map(({ what }) => what)).toEqual([
        'API Gateway',
        'the authorizer',
        'the key reads of the authorizer',
        "the authorizer's log",
        'the access log',
        "the load balancer's capacity units",
      ]);
      // A million connections are 11.1 hours of units of 25 a second, at $0.008.
      expect(cost.items.at(-1)?.usd).toBe(0.09);
      expect(cost.perCallsUsd).toBe(4.29);
    },
  );
});

it('a request is taken to last whole milliseconds, as Lambda bills them, and a tenth of a second where its time is not known', () => {
  expect(requestTime(12.4)).toEqual({ durationMs: 13, isAssumed: false });
  expect(requestTime(0.2)).toEqual({ durationMs: 1, isAssumed: false });
  expect(requestTime(undefined)).toEqual({ durationMs: 100, isAssumed: true });
});
