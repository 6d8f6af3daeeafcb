import fargate from '#domain/data/fargate-sizes.json' with { type: 'json' };
import lambda from '#domain/data/lambda-limits.json' with { type: 'json' };
import prices from '#domain/data/prices-us-east-1.json' with { type: 'json' };
import { type BillItem, FRONT_DOOR } from './cost.ts';
import { type Demand, type Limits, type Measured, monthlyRequests, requestMsAt } from './demand.ts';
import { HOURS_A_MONTH } from './spending.ts';

/**
 * One way to run a model, with its bill for a month in USD: `usd` is the sum of `bill`, the front door included.
 * `refusals` says in words which limits it breaks; empty where it keeps all. `replicas` is the number at the peak, 0 on Lambda.
 */
export type PlacedOption = {
  readonly target: 'lambda' | 'fargate';
  readonly isSpot: boolean;
  readonly memoryMiB: number;
  readonly vcpus: number;
  readonly replicas: number;
  readonly p95Ms: number;
  readonly bill: readonly BillItem[];
  readonly usd: number;
  readonly refusals: readonly string[];
};

export type Question = {
  readonly demand: Demand;
  readonly measured: Measured;
  readonly limits: Limits;
  /** Whether replicas beside the first may run on capacity that AWS takes back. */
  readonly allowsSpot: boolean;
};

const MIB_PER_GB = 1024;
const GIB = 1024 ** 3;
const UTILISATION = 0.6;
const MOST_REPLICAS = 1000;
// AWS moves Spot's price between 50 and 70 % off: https://fortem.dev/fargate-spot/. The estimate takes the dearer end.
const SPOT_SHARE = 0.5;
const LAMBDA_STEPS = [512, 1024, lambda.memoryPerVcpuMiB, 3538, 5307, 7076, lambda.memoryMaxMiB];
// An assumption: an idle environment of a function stays for some minutes, and a busy one for some two hours.
const KEPT_SECONDS = 300;
const ENVIRONMENT_HOURS = 2;

/** Every option, those that keep all limits first, each group cheapest first. The first one is the choice where it has no refusals. */
export function rankedOptions(question: Question): readonly PlacedOption[] {
  const options = [...lambdaOptions(question), ...fargateOptions(question)];
  return options.toSorted(
    (a, b) => Number(a.refusals.length > 0) - Number(b.refusals.length > 0) || a.usd - b.usd,
  );
}

/** The cheapest option that keeps all limits, or undefined. */
export function cheapest(question: Question): PlacedOption | undefined {
  const [first] = rankedOptions(question);
  return first?.refusals.length === 0 ? first : undefined;
}

/** The first rate above today's (requests a second, within a percent) at which another target is the choice; null where there is none up to a thousand times as many. The peak grows in proportion. */
export function flipsAt(question: Question): number | null {
  const { requestsPerSecond } = question.demand;
  const today = cheapest(question)?.target;
  const targetAt = (factor: number) => cheapest(scaled(question, factor))?.target;
  for (let factor = 1; factor < 1000; factor *= 1.05) {
    if (targetAt(factor * 1.05) === today) continue;
    let [low, high] = [factor, factor * 1.05];
    while (high / low > 1.001) {
      const middle = Math.sqrt(low * high);
      if (targetAt(middle) === today) low = middle;
      else high = middle;
    }
    return requestsPerSecond * high;
  }
  return null;
}

function scaled(question: Question, factor: number): Question {
  const { demand } = question;
  const { requestsPerSecond, peak } = demand;
  const rates = { requestsPerSecond: requestsPerSecond * factor, peak: peak * factor };
  return { ...question, demand: { ...demand, ...rates } };
}

/** The cost of the requests before any target, with the authorizer's key reads. */
export function frontDoor(demand: Demand): readonly BillItem[] {
  const requests = monthlyRequests(demand);
  const [api, authorizer, log] = FRONT_DOOR;
  const reads = { what: 'its key reads', usd: prices.tableRead.usd };
  const perRequest = [api, authorizer, reads, log];
  return perRequest.map(({ what, usd }) => ({ what, usd: requests * usd }));
}

function lambdaOptions({ demand, measured, limits }: Question): readonly PlacedOption[] {
  const least = Math.ceil(measured.memoryMiB);
  const steps = LAMBDA_STEPS.filter((step) => step > least);
  return [least, ...steps].map((memoryMiB) => {
    const vcpus = memoryMiB / lambda.memoryPerVcpuMiB;
    const warmMs = requestMsAt(measured, vcpus);
    const isRare = demand.requestsPerSecond * KEPT_SECONDS < 1;
    const p95Ms = isRare ? measured.startMs + warmMs : warmMs;
    const environments = Math.ceil(demand.peak * (warmMs / 1000));
    const starts = isRare
      ? monthlyRequests(demand)
      : environments * (demand.hours / ENVIRONMENT_HOURS);
    const gbSecond = (memoryMiB / MIB_PER_GB) * prices.lambdaX86GBSecond.usd;
    const requests = monthlyRequests(demand);
    const own = [
      { what: 'requests', usd: requests * prices.lambdaRequest.usd },
      { what: 'GB-seconds', usd: requests * (warmMs / 1000) * gbSecond },
      { what: 'starts', usd: starts * (measured.startMs / 1000) * gbSecond },
    ];
    const most = limits.lambdaConcurrency ?? Number.POSITIVE_INFINITY;
    const refusals = [
      memoryMiB > lambda.memoryMaxMiB &&
        `it needs ${memoryMiB} MiB; Lambda has ${lambda.memoryMaxMiB}`,
      measured.imageBytes > lambda.imageUncompressedMaxBytes &&
        `its image takes ${measured.imageBytes} bytes; Lambda holds ${lambda.imageUncompressedMaxBytes}`,
      demand.coldStarts === 'none' && 'cold starts are ruled out',
      environments > most &&
        `the peak needs ${environments} executions at once; the account has ${most}`,
    ];
    const size = { target: 'lambda', isSpot: false, memoryMiB, vcpus, replicas: 0, p95Ms } as const;
    return option({ size, own, refusals, demand, limits });
  });
}

function fargateOptions(question: Question): readonly PlacedOption[] {
  const { measured, allowsSpot } = question;
  const sizes = fargate.sizes
    .filter(({ cpuUnits }) => cpuUnits >= 1024)
    .flatMap(({ cpuUnits, memoryMiB }) => {
      const held = memoryMiB.find((memory) => memory >= measured.memoryMiB);
      return held === undefined ? [] : [{ vcpus: cpuUnits / 1024, memoryMiB: held }];
    });
  const kinds = allowsSpot ? [false, true] : [false];
  return sizes.flatMap((size) => kinds.map((isSpot) => fargateOption(question, size, isSpot)));
}

function fargateOption(
  { demand, measured, limits }: Question,
  { vcpus, memoryMiB }: { readonly vcpus: number; readonly memoryMiB: number },
  isSpot: boolean,
): PlacedOption {
  const seconds = requestMsAt(measured, vcpus) / 1000;
  const needed = (rate: number) => replicasFor(rate, seconds, demand.p95Ms);
  const replicas = needed(demand.peak);
  // One replica stays in the hours in which nobody asks.
  const hours = demand.hours * needed(demand.requestsPerSecond) + (HOURS_A_MONTH - demand.hours);
  const spotHours = isSpot ? hours - HOURS_A_MONTH : 0;
  const hourly =
    vcpus * fargate.vcpuUsdPerHour + (memoryMiB / MIB_PER_GB) * fargate.memoryGiBUsdPerHour;
  const own = [
    { what: 'tasks', usd: (hours - spotHours) * hourly },
    ...(isSpot ? [{ what: 'tasks on Spot', usd: spotHours * hourly * SPOT_SHARE }] : []),
    { what: 'public addresses', usd: hours * prices.publicAddressHour.usd },
    { what: 'the load balancer', usd: HOURS_A_MONTH * prices.loadBalancerHour.usd },
  ];
  const mostVcpus = limits.fargateVcpus ?? Number.POSITIVE_INFINITY;
  const mostReplicas = limits.maxReplicas ?? MOST_REPLICAS;
  const refusals = [
    measured.imageBytes > fargate.storageMaxGiB * GIB &&
      `its image takes ${measured.imageBytes} bytes; a task has ${fargate.storageMaxGiB * GIB}`,
    replicas > mostReplicas && `the peak needs ${replicas} replicas; ${mostReplicas} may run`,
    replicas * vcpus > mostVcpus &&
      `the peak needs ${replicas * vcpus} vCPUs of Fargate; the account has ${mostVcpus}`,
  ];
  const p95Ms = p95Seconds(demand.peak / replicas, seconds) * 1000;
  const size = { target: 'fargate', isSpot, memoryMiB, vcpus, replicas, p95Ms } as const;
  return option({ size, own, refusals, demand, limits });
}

/** The replicas that Little's law asks for at the utilisation that each may have; more where the queue before each would break the p95. */
function replicasFor(rate: number, seconds: number, p95Ms: number | null): number {
  const least = Math.max(1, Math.ceil((rate * seconds) / UTILISATION - 1e-9));
  // No number of replicas makes a request shorter than it is alone.
  if (p95Ms === null || seconds * 1000 > p95Ms) return least;
  let replicas = least;
  while (replicas < MOST_REPLICAS && p95Seconds(rate / replicas, seconds) * 1000 > p95Ms) {
    replicas += 1;
  }
  return replicas;
}

/** The seconds within which 95 % of the requests end in one replica that answers one after another: the time of a request, and the wait by the exponential tail of a queue with Poisson arrivals and equal requests (M/D/1). */
function p95Seconds(rate: number, seconds: number): number {
  const load = rate * seconds;
  const wait = (seconds * Math.log(load / 0.05)) / (2 * (1 - load));
  return seconds + Math.max(0, wait);
}

type Priced = {
  readonly size: Omit<PlacedOption, 'bill' | 'usd' | 'refusals'>;
  readonly own: readonly BillItem[];
  readonly refusals: readonly (string | false)[];
  readonly demand: Demand;
  readonly limits: Limits;
};

function option({ size, own, refusals, demand, limits }: Priced): PlacedOption {
  const bill = [...own, ...frontDoor(demand)];
  const ownUsd = total(own);
  const { maxMonthlyUsd } = limits;
  const broken = [
    ...refusals,
    demand.p95Ms !== null &&
      size.p95Ms > demand.p95Ms &&
      `95 % of the requests take up to ${Math.ceil(size.p95Ms)} ms; ${demand.p95Ms} were asked for`,
    maxMonthlyUsd !== null &&
      ownUsd > maxMonthlyUsd &&
      `it costs $${ownUsd.toFixed(2)} a month; the cap maxMonthlyUsd is $${maxMonthlyUsd}`,
  ];
  return { ...size, bill, usd: total(bill), refusals: broken.filter((said) => said !== false) };
}

function total(items: readonly BillItem[]): number {
  return items.reduce((sum, { usd }) => sum + usd, 0);
}
