import fargate from '#domain/data/fargate-sizes.json' with { type: 'json' };
import lambda from '#domain/data/lambda-limits.json' with { type: 'json' };
import { leastWhere } from '#domain/least-where.ts';
import { hourlyOf } from './container-size.ts';
import { frontDoorOf } from './cost.ts';
import {
  type BillItem,
  type Demand,
  type Limits,
  monthlyRequests,
  type PlacedOption,
  type Question,
  requestMsAt,
} from './demand.ts';
import { startsPerSecond } from './function-starts.ts';
import { wait95, waitingAtMost } from './queue-wait.ts';
import { HOURS_A_MONTH, overspent } from './spending.ts';
import { SHIPPED_PRICES, type UnitPrices } from './unit-prices.ts';

const MIB_PER_GB = 1024;
const MOST_START_MS = lambda.requestTimeoutSeconds * 1000;
const GIB = 1024 ** 3;
const UTILISATION = 0.6;
const MOST_REPLICAS = 1000;
// AWS moves Spot's price between 50 and 70 % off: https://fortem.dev/fargate-spot/. The estimate takes the dearer end.
const SPOT_SHARE = 0.5;
const LAMBDA_STEPS = [256, 512, 1024, lambda.memoryPerVcpuMiB, 3538, 5307, 7076];
// An assumption: an idle environment of a function stays for some minutes, and a busy one for some two hours.
const IDLE_SECONDS = 300;
const LIFE_SECONDS = 7200;
// Below this many milliseconds, one more is a large part of a bill that counts whole ones.
const ROUNDED_MS = 10;
// How far a flip is looked for, and the steps between two looks: a server answers requests meanwhile, and each look weighs every option.
const MOST_FACTOR = 1000;
const STEP = 1.2;
// Estimates are no better than this: of options as close as that, the fastest is worth more.
const TIE = 1.01;

/** Every option, those that keep all limits first, each group cheapest first; but the choice, if there is one, is the first of all: see `cheapest`. */
export function rankedOptions(question: Question): readonly PlacedOption[] {
  const { refused = {} } = question;
  const options = [...lambdaOptions(question), ...fargateOptions(question)].map((each) => {
    const why = refused[each.target];
    return why === undefined ? each : { ...each, refusals: [why, ...each.refusals] };
  });
  const sorted = options.toSorted(
    (a, b) => Number(a.refusals.length > 0) - Number(b.refusals.length > 0) || a.usd - b.usd,
  );
  const [first] = sorted;
  if (!first || first.refusals.length > 0) return sorted;
  const choice = sorted
    .filter(({ refusals, ownUsd }) => refusals.length === 0 && ownUsd <= first.ownUsd * TIE)
    .reduce((one, other) => (other.p95Ms < one.p95Ms ? other : one));
  return [choice, ...sorted.filter((each) => each !== choice)];
}

/** The cheapest option that keeps all limits, of those within a hundredth of it the fastest; undefined where none keeps them. */
export function cheapest(question: Question): PlacedOption | undefined {
  const [first] = rankedOptions(question);
  return first?.refusals.length === 0 ? first : undefined;
}

/** The option that runs already, for another question: with its bill, and the limits that it breaks then. */
export function optionAt(
  question: Question,
  { target, isSpot, memoryMiB, vcpus }: Size,
): PlacedOption {
  const why = question.refused?.[target];
  const found =
    target === 'lambda'
      ? lambdaOption(question, memoryMiB)
      : fargateOption(question, { memoryMiB, vcpus }, isSpot);
  return why === undefined ? found : { ...found, refusals: [why, ...found.refusals] };
}

type Size = Pick<PlacedOption, 'target' | 'isSpot' | 'memoryMiB' | 'vcpus'>;

/** The milliseconds of a request on an option, in whole ones on Lambda, which bills them so. */
export function requestMsOn(
  { demand, measured }: Pick<Question, 'demand' | 'measured'>,
  { target, memoryMiB, vcpus }: Size,
): number {
  return target === 'lambda'
    ? onLambda({ demand, measured }, memoryMiB).warmMs
    : requestMsAt(measured, vcpus);
}

/** The first rate above today's (requests a second, within a percent) at which another target is the choice; null where there is none up to a thousand times as many. The peak grows in proportion. */
export function flipsAt(question: Question): number | null {
  const { requestsPerSecond } = question.demand;
  const today = cheapest(question)?.target;
  const targetAt = (factor: number) => cheapest(scaled(question, factor))?.target;
  for (let factor = 1; factor < MOST_FACTOR; factor *= STEP) {
    const next = targetAt(factor * STEP);
    // A rate that nothing holds makes no other target cheaper.
    if (next === undefined) return null;
    if (next === today) continue;
    let [low, high] = [factor, factor * STEP];
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

/** The requests a minute that one replica answers at the utilisation that it may have, by the measured time (ms) of one. */
export function requestsPerMinute(ms: number): number {
  return Math.max(1, Math.floor((60_000 * UTILISATION) / ms));
}

/** The time of a request (ms) by which one replica answers so many a minute: the other way round. */
export function msPerReplica(requestsAMinute: number): number {
  return (60_000 * UTILISATION) / requestsAMinute;
}

/** The cost of the requests before any target, with the authorizer's key reads. */
export function frontDoor(demand: Demand, prices: UnitPrices): readonly BillItem[] {
  const requests = monthlyRequests(demand);
  const reads = { what: 'the key reads of the authorizer', usd: prices.usd.tableRead };
  return [...frontDoorOf(prices), reads].map(({ what, usd }) => ({ what, usd: requests * usd }));
}

function lambdaOptions(question: Question): readonly PlacedOption[] {
  return lambdaMemories(question).map((memoryMiB) => lambdaOption(question, memoryMiB));
}

/** The memory sizes at which the bill or a limit turns: the least, some steps, the most, and the smallest that keeps the p95 and the quota of executions. */
function lambdaMemories({ demand, measured, limits }: Question): readonly number[] {
  const most = limits.lambdaMemoryMiB ?? lambda.memoryMaxMiB;
  const { p95Ms } = demand;
  // As on Fargate: less than one vCPU only where a limit on the time of an answer keeps it within bounds.
  const leastForTime = p95Ms === null ? lambda.memoryPerVcpuMiB : lambda.memoryMinMiB;
  const least = Math.max(Math.min(leastForTime, most), Math.ceil(measured.memoryMiB));
  if (least >= most) return [least];
  const smallest = (holds: (memoryMiB: number) => boolean) => leastWhere(least, most, holds);
  const at = (memoryMiB: number) => onLambda({ demand, measured }, memoryMiB);
  const { lambdaConcurrency } = limits;
  const kept = [
    smallest((memory) => at(memory).startMs <= MOST_START_MS),
    ...(p95Ms === null ? [] : [smallest((memory) => at(memory).p95Ms <= p95Ms)]),
    ...(lambdaConcurrency === null
      ? []
      : [smallest((memory) => at(memory).environments <= lambdaConcurrency)]),
  ];
  const plain = [least, ...LAMBDA_STEPS.filter((step) => step > least && step < most), most];
  const memories = [...plain, ...kept].flatMap((memoryMiB) => {
    const { warmMs } = at(memoryMiB);
    if (warmMs > ROUNDED_MS) return [memoryMiB];
    return [memoryMiB, smallest((memory) => at(memory).warmMs <= warmMs)];
  });
  return [...new Set(memories)].toSorted((a, b) => a - b);
}

/** The times of a function of that memory. AWS bills whole milliseconds: https://aws.amazon.com/lambda/pricing/. A start computes too, so it is as much slower below one vCPU as a request is. */
function onLambda({ demand, measured }: Pick<Question, 'demand' | 'measured'>, memoryMiB: number) {
  const vcpus = memoryMiB / lambda.memoryPerVcpuMiB;
  const warmMs = Math.ceil(requestMsAt(measured, vcpus) - 1e-9);
  const startMs = measured.startMs / Math.min(1, vcpus);
  // More than one request in twenty waits for a start then.
  const isRare = Math.exp(-demand.requestsPerSecond * IDLE_SECONDS) > 0.05;
  const environments = Math.ceil(demand.peak * (warmMs / 1000));
  return {
    vcpus,
    warmMs,
    startMs,
    isRare,
    environments,
    p95Ms: isRare ? startMs + warmMs : warmMs,
  };
}

function lambdaOption(question: Question, memoryMiB: number): PlacedOption {
  const { demand, measured, limits, prices = SHIPPED_PRICES } = question;
  const times = onLambda({ demand, measured }, memoryMiB);
  const { vcpus, warmMs, startMs, environments, p95Ms } = times;
  const requests = monthlyRequests(demand);
  const starts =
    demand.hours *
    3600 *
    startsPerSecond({
      rate: demand.requestsPerSecond,
      seconds: warmMs / 1000,
      startSeconds: startMs / 1000,
      idleSeconds: IDLE_SECONDS,
      lifeSeconds: LIFE_SECONDS,
    });
  const gbSecond = (memoryMiB / MIB_PER_GB) * prices.usd.lambdaX86GBSecond;
  const own = [
    { what: 'requests', usd: requests * prices.usd.lambdaRequest },
    { what: 'GB-seconds', usd: requests * (warmMs / 1000) * gbSecond },
    { what: 'starts', usd: starts * (startMs / 1000) * gbSecond },
  ];
  const mostMiB = limits.lambdaMemoryMiB ?? lambda.memoryMaxMiB;
  const most = limits.lambdaConcurrency ?? Number.POSITIVE_INFINITY;
  const refusals = [
    memoryMiB > mostMiB && `it needs ${memoryMiB} MiB; Lambda has ${mostMiB}`,
    measured.imageBytes > lambda.imageUncompressedMaxBytes &&
      `its image takes ${measured.imageBytes} bytes; Lambda holds ${lambda.imageUncompressedMaxBytes}`,
    demand.coldStarts === 'none' && 'cold starts are ruled out',
    startMs > MOST_START_MS &&
      `a cold start takes ${Math.ceil(startMs / 1000)} s; a request has ${lambda.requestTimeoutSeconds}`,
    environments > most &&
      `the peak needs ${environments} executions at once; the account has ${most}`,
  ];
  const size = { target: 'lambda', isSpot: false, memoryMiB, vcpus, replicas: 0, p95Ms } as const;
  return option({ size, own, refusals, demand, limits, prices });
}

function fargateOptions(question: Question): readonly PlacedOption[] {
  const { demand, measured, allowsSpot } = question;
  // Below one vCPU answers and starts are slower, which only a limit on the time of an answer keeps within bounds.
  const leastUnits = demand.p95Ms === null ? 1024 : 0;
  const sizes = fargate.sizes
    .filter(({ cpuUnits }) => cpuUnits >= leastUnits)
    .flatMap(({ cpuUnits, memoryMiB }) => {
      const held = memoryMiB.find((memory) => memory >= measured.memoryMiB);
      return held === undefined ? [] : [{ vcpus: cpuUnits / 1024, memoryMiB: held }];
    });
  const kinds = allowsSpot ? [false, true] : [false];
  return sizes.flatMap((size) => kinds.map((isSpot) => fargateOption(question, size, isSpot)));
}

function fargateOption(
  { demand, measured, limits, prices = SHIPPED_PRICES }: Question,
  { vcpus, memoryMiB }: { readonly vcpus: number; readonly memoryMiB: number },
  isSpot: boolean,
): PlacedOption {
  const seconds = requestMsAt(measured, vcpus) / 1000;
  const { leastReplicas } = limits;
  const needed = (rate: number) =>
    Math.max(leastReplicas, replicasFor(rate, seconds, demand.p95Ms));
  const replicas = needed(demand.peak);
  // The least stay in the hours in which nobody asks.
  const quietHours = HOURS_A_MONTH - demand.hours;
  const hours = demand.hours * needed(demand.requestsPerSecond) + quietHours * leastReplicas;
  const spotHours = isSpot ? hours - HOURS_A_MONTH : 0;
  const hourly = hourlyOf({ cpuUnits: vcpus * 1024, memoryMiB }, prices);
  const own = [
    { what: 'tasks', usd: (hours - spotHours) * hourly },
    ...(isSpot ? [{ what: 'tasks on Spot', usd: spotHours * hourly * SPOT_SHARE }] : []),
    { what: 'public addresses', usd: hours * prices.usd.publicAddressHour },
    { what: 'the load balancer', usd: HOURS_A_MONTH * prices.usd.loadBalancerHour },
  ];
  const mostVcpus = limits.fargateVcpus ?? Number.POSITIVE_INFINITY;
  const mostReplicas = limits.maxReplicas ?? MOST_REPLICAS;
  const refusals = [
    measured.imageBytes > fargate.storageMaxGiB * GIB &&
      `its image takes ${measured.imageBytes} bytes; a task has ${fargate.storageMaxGiB * GIB}`,
    replicas > mostReplicas && `the peak needs ${replicas} replicas; ${mostReplicas} may run`,
    replicas * vcpus > mostVcpus &&
      `the peak needs ${replicas * vcpus} vCPUs of Fargate; the account has ${mostVcpus}`,
    limits.maxMonthlyUsd !== null &&
      (overspent(hourly, { mostReplicas: replicas, maxMonthlyUsd: limits.maxMonthlyUsd }) ?? false),
  ];
  const p95Ms = p95Seconds(demand.peak / replicas, seconds) * 1000;
  const size = { target: 'fargate', isSpot, memoryMiB, vcpus, replicas, p95Ms } as const;
  return option({ size, own, refusals, demand, limits, prices });
}

/** The replicas that Little's law asks for at the utilisation that each may have; more where the queue before each would break the p95. */
export function replicasFor(rate: number, seconds: number, p95Ms: number | null): number {
  const least = Math.max(1, Math.ceil((rate * seconds) / UTILISATION - 1e-9));
  // No number of replicas makes a request shorter than it is alone.
  if (p95Ms === null || seconds * 1000 > p95Ms) return least;
  const times = p95Ms / 1000 / seconds - 1;
  let [low, high] = [least, Math.max(least, MOST_REPLICAS)];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (waitingAtMost((rate * seconds) / middle, times) >= 0.95) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The seconds within which 95 % of the requests end in one replica that answers one after another. */
export function p95Seconds(rate: number, seconds: number): number {
  return seconds * (1 + wait95(rate * seconds));
}

type Priced = {
  readonly size: Omit<PlacedOption, 'bill' | 'usd' | 'ownUsd' | 'refusals'>;
  readonly own: readonly BillItem[];
  readonly refusals: readonly (string | false)[];
  readonly demand: Demand;
  readonly limits: Limits;
  readonly prices: UnitPrices;
};

function option({ size, own, refusals, demand, limits, prices }: Priced): PlacedOption {
  const bill = [...own, ...frontDoor(demand, prices)];
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
  const refusedFor = broken.filter((said) => said !== false);
  return { ...size, bill, usd: total(bill), ownUsd, refusals: refusedFor };
}

/** The sum of a bill, in USD. */
export function total(items: readonly BillItem[]): number {
  return items.reduce((sum, { usd }) => sum + usd, 0);
}
