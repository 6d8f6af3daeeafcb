import lambda from '#domain/data/lambda-limits.json' with { type: 'json' };
import type { TargetOption } from '#domain/deployment.ts';
import { leastWhere } from '#domain/least-where.ts';
import { ec2Option, ec2Options, fargateOption, fargateOptions } from './container-options.ts';
import { callLogUsd, logGB, wayUse } from './cost.ts';
import {
  busyMsAt,
  monthlyRequests,
  type PlacedOption,
  type Question,
  requestMsAt,
} from './demand.ts';
import { startsPerSecond } from './function-starts.ts';
import { pricedOption } from './priced-option.ts';
import { HOURS_A_MONTH } from './spending.ts';
import { averageUsd, type TieredUse } from './tiers.ts';
import { SHIPPED_PRICES } from './unit-prices.ts';

const MIB_PER_GB = 1024;
const MOST_START_MS = lambda.requestTimeoutSeconds * 1000;
const LAMBDA_STEPS = [256, 512, 1024, lambda.memoryPerVcpuMiB, 3538, 5307, 7076];
// An assumption: an idle environment of a function stays for some minutes, and a busy one for some two hours.
const IDLE_SECONDS = 300;
const LIFE_SECONDS = 7200;
// Below this many milliseconds, one more is a large part of a bill that counts whole ones.
const ROUNDED_MS = 10;
/** Estimates are no better than this: of options as close as that, the fastest is worth more. */
export const TIE = 1.01;

/** Every option, those that keep all limits first, each group cheapest first; but the choice, if there is one, is the first of all: see `cheapest`. */
export function rankedOptions(question: Question): readonly PlacedOption[] {
  const sorted = sortedOptions(question);
  const choice = choiceOf(judged(question, sorted));
  return choice ? [choice, ...sorted.filter((each) => each !== choice)] : sorted;
}

function sortedOptions(question: Question): readonly PlacedOption[] {
  const { refused = {} } = question;
  const options = [
    ...lambdaOptions(question),
    ...fargateOptions(question),
    ...ec2Options(question),
  ].map((each) => {
    const why = refused[each.target];
    return why === undefined ? each : { ...each, refusals: [why, ...each.refusals] };
  });
  return options.toSorted(
    (a, b) => Number(a.refusals.length > 0) - Number(b.refusals.length > 0) || a.usd - b.usd,
  );
}

/** An option that keeps all limits, and the one as which it is judged. */
export type Judged = { readonly option: PlacedOption; readonly as: PlacedOption };

/** The choice, undefined where nothing keeps all limits, and those among which it was made. */
export function judgedOptions(question: Question): {
  readonly choice: PlacedOption | undefined;
  readonly judged: readonly Judged[];
} {
  const among = judged(question, sortedOptions(question));
  return { choice: choiceOf(among), judged: among };
}

/** An option whose time is extrapolated is judged as if its further vCPUs did nothing, unless no other keeps the limits. */
function judged(question: Question, options: readonly PlacedOption[]): readonly Judged[] {
  const keeping = options.filter(({ refusals }) => refusals.length === 0);
  const timed = keeping.map((option): Judged => ({ option, as: asTimed(question, option) }));
  const sure = timed.filter(({ as }) => as.refusals.length === 0);
  return sure.length > 0 ? sure : keeping.map((option) => ({ option, as: option }));
}

/** The cheapest, and of those within a hundredth of it the fastest. */
function choiceOf(among: readonly Judged[]): PlacedOption | undefined {
  const [first, ...others] = among;
  if (!first) return undefined;
  const least = others.reduce((usd, { as }) => Math.min(usd, as.ownUsd), first.as.ownUsd);
  return [first, ...others]
    .filter(({ as }) => as.ownUsd <= least * TIE)
    .reduce((one, other) => (other.as.p95Ms < one.as.p95Ms ? other : one)).option;
}

/** The option with the time of the most vCPUs that were timed. */
function asTimed(question: Question, option: PlacedOption): PlacedOption {
  if (!option.isExtrapolated) return option;
  const { measured } = question;
  const requestMs = requestMsAt(measured, measured.timedVcpus ?? 1);
  return optionAt({ ...question, measured: { ...measured, requestMs, parallelPart: 0 } }, option);
}

/** The cheapest option that keeps all limits, of those within a hundredth of it the fastest; undefined where none keeps them. */
export function cheapest(question: Question): PlacedOption | undefined {
  return judgedOptions(question).choice;
}

/** The option that runs already, for another question: with its bill, and the limits that it breaks then. */
export function optionAt(
  question: Question,
  option: Size & Pick<PlacedOption, 'instanceTypes'>,
): PlacedOption {
  const why = question.refused?.[option.target];
  const found = AT[option.target](question, option);
  return why === undefined ? found : { ...found, refusals: [why, ...found.refusals] };
}

/** The units of an option in a month, of each price that has tiers. */
export function tieredUse(
  question: Question,
  { target, memoryMiB }: Pick<PlacedOption, 'target' | 'memoryMiB'>,
): TieredUse {
  const requests = monthlyRequests(question.demand);
  const way = wayUse(requests);
  if (target !== 'lambda') return { ...way, lambdaX86GBSecond: 0 };
  const { answering, starting } = gbSecondsOf(question, memoryMiB);
  const logGBIn = way.logGBIn + logGB(requests);
  return { ...way, lambdaX86GBSecond: answering + starting, logGBIn };
}

type Size = Pick<PlacedOption, 'target' | 'isSpot' | 'memoryMiB' | 'vcpus'>;

const AT = {
  lambda: (question: Question, { memoryMiB }: Size) => lambdaOption(question, memoryMiB),
  fargate: fargateOption,
  ec2: ec2Option,
} as const;

/** The milliseconds of a request on an option, in whole ones on Lambda, which bills them so. */
export function requestMsOn(
  { demand, measured }: Pick<Question, 'demand' | 'measured'>,
  { target, memoryMiB, vcpus }: Size,
): number {
  return target === 'lambda'
    ? onLambda({ demand, measured }, memoryMiB).warmMs
    : busyMsAt(measured, vcpus);
}

/** The milliseconds of a request on the option that a version took: as its build measured it (`question`), else as long as the request that proved it; undefined where neither is known. 1024 `cpuUnits` are one vCPU. */
export function knownMsOn(
  { target, memoryMiB, cpuUnits }: Pick<TargetOption, 'target' | 'memoryMiB' | 'cpuUnits'>,
  question: Pick<Question, 'demand' | 'measured'> | undefined,
  provedMs: number | undefined,
): number | undefined {
  if (!question) return provedMs;
  const size = { target, memoryMiB, vcpus: cpuUnits / 1024, isSpot: false };
  return requestMsOn(question, size);
}

/** The question of a weighing for a demand that somebody knows: it may have more replicas than a guess, for which nobody asked. */
export function onceKnown({
  question,
  mostLater,
}: {
  readonly question: Question;
  readonly mostLater?: number | null | undefined;
}): Question {
  if (mostLater === undefined) return question;
  return { ...question, limits: { ...question.limits, maxReplicas: mostLater } };
}

/** The same question for another rate (requests a second); the peak grows in proportion, and is twice as much where nobody calls the model. */
export function atRate(question: Question, rate: number): Question {
  const { demand } = question;
  const { requestsPerSecond, peak } = demand;
  const times = requestsPerSecond > 0 ? peak / requestsPerSecond : 2;
  const hours = demand.hours > 0 ? demand.hours : HOURS_A_MONTH;
  const rates = { requestsPerSecond: rate, peak: rate * times, hours };
  return { ...question, demand: { ...demand, ...rates } };
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

/** The GB-seconds of a function in a month: those in which it answers, and those in which it starts. */
function gbSecondsOf({ demand, measured }: Question, memoryMiB: number) {
  const { warmMs, startMs } = onLambda({ demand, measured }, memoryMiB);
  const [seconds, startSeconds] = [warmMs / 1000, startMs / 1000];
  const starts = startsPerSecond({
    rate: demand.requestsPerSecond,
    seconds,
    startSeconds,
    idleSeconds: IDLE_SECONDS,
    lifeSeconds: LIFE_SECONDS,
  });
  const gb = memoryMiB / MIB_PER_GB;
  return {
    answering: monthlyRequests(demand) * seconds * gb,
    starting: demand.hours * 3600 * starts * startSeconds * gb,
  };
}

function lambdaOption(question: Question, memoryMiB: number): PlacedOption {
  const { demand, measured, limits, prices = SHIPPED_PRICES } = question;
  const times = onLambda({ demand, measured }, memoryMiB);
  const { vcpus, startMs, environments, p95Ms } = times;
  const requests = monthlyRequests(demand);
  const { answering, starting } = gbSecondsOf(question, memoryMiB);
  const gbSecond = averageUsd(prices, 'lambdaX86GBSecond', answering + starting);
  const own = [
    { what: 'requests', usd: requests * prices.usd.lambdaRequest },
    { what: 'GB-seconds', usd: answering * gbSecond },
    { what: 'its log', usd: requests * callLogUsd(prices, requests) },
    { what: 'starts', usd: starting * gbSecond },
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
  return pricedOption({ size, own, refusals, measured, demand, limits, prices });
}
