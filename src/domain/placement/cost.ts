import idleStack from '#domain/data/idle-stack.json' with { type: 'json' };
import prices from '#domain/data/prices-us-east-1.json' with { type: 'json' };
import type { TargetOption } from '#domain/deployment.ts';
import type { BillItem } from './demand.ts';
import { HOURS_A_MONTH } from './spending.ts';
import { averageUsd, type TieredUse } from './tiers.ts';
import type { UnitPrices } from './unit-prices.ts';

/** The cost of the public address of each Fargate task and each host in a network of `containers=public`, in USD a month. */
export const ADDRESS_USD_PER_MONTH = cents(prices.publicAddressHour.usd * HOURS_A_MONTH);

/** The cost of an idle stack, in USD a month, by its parameter `containers`. */
export const IDLE_USD_PER_MONTH = idleStack.usdPerMonth;

/** The added cost of a stack once its containers are on, `public`, in USD a month and without models. */
export const CONTAINERS_USD_PER_MONTH = cents(IDLE_USD_PER_MONTH.public - IDLE_USD_PER_MONTH.off);

/** A resource that a stack has by one of its parameters, and its idle cost in USD a month. */
export type StackItem = { readonly what: string; readonly usdPerMonth: number };

/**
 * The items of an idle stack that AWS charges for by the month, by the values of its parameters, as `slipway deploy --param` names them.
 * A key of the account's own is listed although the stack does not make it: its price is the account's for as long as the key is there.
 */
export function stackItems(parameter: (name: string) => string | undefined): StackItem[] {
  const containers = parameter('containers') ?? 'off';
  const idle = Object.entries(IDLE_USD_PER_MONTH).find(([name]) => name === containers)?.[1];
  const { signReleases, firewall } = idleStack.requestedUsdPerMonth;
  const items = [
    { what: `the stack, containers=${containers}`, usdPerMonth: idle ?? 0, isThere: true },
    {
      what: 'the KMS key that signs releases, signReleases=on',
      usdPerMonth: signReleases,
      isThere: parameter('signReleases') === 'on',
    },
    {
      what: 'your own KMS key, kmsKeyArn',
      usdPerMonth: prices.kmsKeyMonth.usd,
      isThere: Boolean(parameter('kmsKeyArn')),
    },
    {
      what: 'the web ACL of AWS WAF, firewall=on',
      usdPerMonth: firewall,
      isThere: parameter('firewall') === 'on',
    },
  ];
  return items
    .filter(({ isThere }) => isThere)
    .map(({ what, usdPerMonth }) => ({ what, usdPerMonth }));
}

/** A load of requests on a revision, and the milliseconds that each takes. */
export type Load = { readonly requests: number; readonly durationMs: number };

/**
 * The cost of a revision on AWS, in USD and in an account whose free tier is used up: `idleUsdPerMonth` for the replicas that always run (null for a version of an earlier Slipway that left the instance to ECS),
 * `perCallsUsd` for the load on top of that, item by item. Neither the replicas that a load adds nor storage are included.
 */
export type RevisionCost = {
  readonly idleUsdPerMonth: number | null;
  readonly perCallsUsd: number;
  readonly items: readonly BillItem[];
};

// A line of the access log, which Firehose bills as at least 5 kB.
const LOG_BYTES = 5_000;
// The authorizer has 512 MB, and reads one row of the table.
const AUTHORIZER = { memoryGB: 0.5, seconds: 0.01 } as const;
const MIB_PER_GB = 1024;

// Lambda itself logs each call (START, END and REPORT): https://wallstrdev.de/are-your-aws-lambda-functions-leaking-money-the-hidden-cost-of-cloudwatch-report-logs-2/
const CALL_LOG_BYTES = 300;

/** The use of so many requests in a month on their way to a model, whatever its target. */
export function wayUse(requests: number): Omit<TieredUse, 'lambdaX86GBSecond'> {
  return {
    apiRequest: requests,
    firehoseGBIn: (requests * LOG_BYTES) / 1e9,
    lambdaArmGBSecond: requests * AUTHORIZER.memoryGB * AUTHORIZER.seconds,
    logGBIn: logGB(requests),
  };
}

/** The GB that Lambda logs of so many calls of a function. */
export function logGB(calls: number): number {
  return (calls * CALL_LOG_BYTES) / 1e9;
}

/** The lines that Lambda logs of one of so many calls of a model's function in a month, in USD. They come on top of those of the authorizer, which is called as often. */
export function callLogUsd(prices: UnitPrices, calls: number): number {
  const average = (gb: number) => averageUsd(prices, 'logGBIn', gb);
  return logGB(1) * (2 * average(logGB(2 * calls)) - average(logGB(calls)));
}

/** The item of a bill for the requests that come to containers through the load balancer. */
export const CAPACITY_UNITS = "the load balancer's capacity units";

// https://handbook.vantage.sh/aws/services/elb-pricing
const CONNECTIONS_A_SECOND = 25;

/** The capacity units of the load balancer that a request takes, in USD. One unit has 25 new connections a second; API Gateway does not say when it uses one again, so the estimate takes the dearer end. */
export function unitUsd({ usd }: UnitPrices): number {
  return usd.loadBalancerUnitHour / (CONNECTIONS_A_SECOND * 3600);
}

/** The cost of one request of so many in a month on its way to a model, whatever its target: without a trace, which nobody has to keep. */
export function frontDoorOf(prices: UnitPrices, requests: number): readonly BillItem[] {
  const { usd, accessLog } = prices;
  const [each, all] = [wayUse(1), wayUse(requests)];
  const usdOf = (name: keyof typeof all) => each[name] * averageUsd(prices, name, all[name]);
  return [
    { what: 'API Gateway', usd: usdOf('apiRequest') },
    { what: 'the authorizer', usd: usd.lambdaRequest + usdOf('lambdaArmGBSecond') },
    { what: 'the key reads of the authorizer', usd: usd.tableRead },
    { what: "the authorizer's log", usd: usdOf('logGBIn') },
    ...(accessLog === 'off' ? [] : [{ what: 'the access log', usd: usdOf('firehoseGBIn') }]),
  ];
}

const DEFAULT_MS = 100;

/** How long a request is taken to last, in whole milliseconds, as Lambda bills them: a time that is known, else a default, which is `isAssumed`. */
export function requestTime(ms: number | undefined) {
  const knownMs = ms && Math.ceil(ms - 1e-9);
  return { durationMs: knownMs || DEFAULT_MS, isAssumed: !knownMs };
}

/** The cost of a revision on its chosen target. */
export function revisionCost(
  { target, memoryMiB, monthlyUsd }: Pick<TargetOption, 'target' | 'memoryMiB' | 'monthlyUsd'>,
  { requests, durationMs }: Load,
  unitPrices: UnitPrices,
): RevisionCost {
  const gbSeconds = (memoryMiB / MIB_PER_GB) * (durationMs / 1000);
  const perRequest = [
    ...frontDoorOf(unitPrices, requests),
    ...(target === 'lambda'
      ? [
          {
            what: `Lambda, ${memoryMiB} MiB for ${durationMs} ms`,
            usd:
              unitPrices.usd.lambdaRequest +
              callLogUsd(unitPrices, requests) +
              gbSeconds * averageUsd(unitPrices, 'lambdaX86GBSecond', requests * gbSeconds),
          },
        ]
      : [{ what: CAPACITY_UNITS, usd: unitUsd(unitPrices) }]),
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
