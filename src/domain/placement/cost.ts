import idleStack from '#domain/data/idle-stack.json' with { type: 'json' };
import prices from '#domain/data/prices-us-east-1.json' with { type: 'json' };
import type { TargetOption } from '#domain/deployment.ts';

/** The region and the day of the prices: on demand, none of them live. */
export const PRICES_OF = { region: prices.region, asOf: prices.asOf } as const;

const HOURS_A_MONTH = 730;

/** What the public address costs that each task on Fargate and each host has in a network of `containers=public`, in USD a month. */
export const ADDRESS_USD_PER_MONTH = cents(prices.publicAddressHour.usd * HOURS_A_MONTH);

/** What a stack costs by being there, in USD a month, by its parameter `containers`. */
export const IDLE_USD_PER_MONTH = idleStack.usdPerMonth;

/** What a stack costs more a month once its containers are on, `public`, in USD and without models. */
export const CONTAINERS_USD_PER_MONTH = cents(IDLE_USD_PER_MONTH.public - IDLE_USD_PER_MONTH.off);

/** Requests to a revision, each answered in so many milliseconds. */
export type Load = { readonly requests: number; readonly durationMs: number };

/**
 * What a revision costs on AWS, in USD and in an account whose free allowance is used up: `idleUsdPerMonth` for the replicas that always run (null where nobody knows before, as ECS chooses the instance),
 * `perCallsUsd` what the load costs on top of that, item by item. Replicas that a load adds are not in it, nor what is kept.
 */
export type RevisionCost = {
  readonly idleUsdPerMonth: number | null;
  readonly perCallsUsd: number;
  readonly items: readonly { readonly what: string; readonly usd: number }[];
};

// A line of the access log, of which Firehose counts 5 kB at least.
const LOG_BYTES = 5_000;
// The authorizer has 512 MB, and asks the table for one row.
const AUTHORIZER = { memoryGB: 0.5, seconds: 0.01 } as const;
const MIB_PER_GB = 1024;

/** The cost of a revision on the target that was chosen. */
export function revisionCost(
  { target, memoryMiB, monthlyUsd }: Pick<TargetOption, 'target' | 'memoryMiB' | 'monthlyUsd'>,
  { requests, durationMs }: Load,
): RevisionCost {
  const gbSeconds = (memoryMiB / MIB_PER_GB) * (durationMs / 1000);
  const authorizer = AUTHORIZER.memoryGB * AUTHORIZER.seconds * prices.lambdaArmGBSecond.usd;
  const perRequest = [
    { what: 'API Gateway', usd: prices.apiRequest.usd },
    { what: 'the authorizer', usd: prices.lambdaRequest.usd + authorizer },
    { what: 'the access log', usd: (LOG_BYTES / 1e9) * prices.firehoseGBIn.usd },
    ...(target === 'lambda'
      ? [
          {
            what: `Lambda, ${memoryMiB} MiB for ${durationMs} ms`,
            usd: prices.lambdaRequest.usd + gbSeconds * prices.lambdaX86GBSecond.usd,
          },
        ]
      : []),
  ];
  const items = perRequest.map(({ what, usd }) => ({ what, usd: cents(usd * requests) }));
  return {
    idleUsdPerMonth: monthlyUsd,
    perCallsUsd: cents(items.reduce((sum, { usd }) => sum + usd, 0)),
    items,
  };
}

function cents(usd: number): number {
  return Math.round(usd * 100) / 100;
}
