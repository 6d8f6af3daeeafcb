// The placement's choice beside every other, by a simulator of AWS's bill that shares no code with it: `node bench/placement.ts [MODELS] [PROFILES]`, 60 and 40 by default.
// Prints how often they agree, what a wrong choice costs, how near the estimate of the bill is, and where the choice flips. Ends with 1 if one of the bench's limits is not kept.
import { argv, exit } from 'node:process';
import {
  FIRST_GUESS,
  monthlyRequests,
  NO_LIMITS,
  type PlacedOption,
  type Question,
} from '#domain/placement/demand.ts';
import { flipsAt } from '#domain/placement/flips.ts';
import { cheapest } from '#domain/placement/optimize.ts';
import { frontDoor, total } from '#domain/placement/priced-option.ts';
import { SHIPPED_PRICES } from '#domain/placement/unit-prices.ts';
import { waysToSpendLess } from '#domain/placement/ways.ts';
import { row, spread } from './figures.ts';
import {
  brokenBy,
  type Config,
  everyConfig,
  type FunctionUse,
  functionBill,
  monthlyBill,
  type Profile,
  type SimModel,
  simulatedLambda,
  wayBill,
} from './placement/bill.ts';

const GIB = 1024 ** 3;
const MS = [0.5, 3, 12, 25, 60, 100, 250, 600, 1500, 4000];
// The last two are more than a function holds, and the last is more than a task on Fargate does.
const MEMORY = [300, 900, 1769, 6144, 14_000, 130_000];
const RATES = [0.001, 0.05, 0.5, 1, 5, 20, 50, 120];
const TIE = 1.01;
const MOST_TASKS = 1000;

const [mostModels = 60, mostProfiles = 40] = argv.slice(2).map(Number);

/** Ten times by six memories; the other facts differ from one to the next. */
const models: readonly SimModel[] = MS.flatMap((ms, time) =>
  MEMORY.map((memoryMiB, memory) => ({
    cpuSeconds: ms / 1000,
    shared: [0, 0.5, 0.9][(time + memory) % 3] ?? 0,
    memoryMiB,
    imageBytes: (time + 2 * memory) % 11 === 10 ? 11 * GIB : GIB,
    startSeconds: [1, 3, 8, 20][(2 * time + memory) % 4] ?? 1,
  })),
);

/** All day, without a limit. */
function plainProfile(rate: number, peak: number): Profile {
  return {
    ...{ rate, peak, hours: 730, p95Seconds: null, mayStart: true },
    ...{ executions: null, vcpus: null, cores: null, tasks: MOST_TASKS },
    ...{ isSpotAllowed: false, hasInstances: true },
  };
}

/** Eight rates by five demands. */
const profiles: readonly Profile[] = RATES.flatMap((rate, index) => {
  const plain = plainProfile(rate, rate * 2);
  return [
    plain,
    { ...plain, hours: 174, peak: rate, hasInstances: index % 2 === 0 },
    { ...plain, p95Seconds: [0.05, 0.3, 1, 8][index % 4] ?? 1 },
    { ...plain, mayStart: false, isSpotAllowed: true },
    // A new account.
    { ...plain, executions: 10, vcpus: 6, cores: 5, isSpotAllowed: index % 2 === 0 },
  ];
});

/** Functions that take 4.2 to 63 billion GB-seconds a month, on both sides of where AWS's tiers begin, the largest with 2,400 executions at once, in an account that has no other place for them. */
const LARGE = [40, 60, 141, 300, 600].map((rate) => crowded(rate, 4, 10_240));
/** Quick functions that are called so often that their logs, with those of the authorizer, fill every step of that price: 10 TB are 6,495 requests a second. */
const CALLED = [6000, 7000, 13_000, 20_000, 40_000, 100_000].map((rate) =>
  crowded(rate, 0.002, 300),
);

/** A model that only functions hold, at a rate. */
function crowded(rate: number, cpuSeconds: number, memoryMiB: number) {
  const model = { cpuSeconds, shared: 0, memoryMiB, imageBytes: GIB, startSeconds: 3 };
  return { model, profile: { ...plainProfile(rate, rate), vcpus: 6, cores: 5 } };
}
// Requests a second of all day: 333 million a month are 127, a billion 381, and 20 billion 7,610. The log of the authorizer reaches its second step at 12,990, and that of the requests at 38,970; a manifest may declare 100,000.
const WAYS_IN = [1, 120, 130, 350, 400, 2000, 7500, 8000, 12_500, 14_000, 38_000, 50_000, 100_000];

function questionOf(model: SimModel, profile: Profile): Question {
  const { rate, peak, hours, p95Seconds, mayStart } = profile;
  return {
    demand: {
      requestsPerSecond: rate,
      ...{ peak, hours, p95Ms: p95Seconds === null ? null : p95Seconds * 1000 },
      coldStarts: mayStart ? 'allowed' : 'none',
    },
    measured: {
      requestMs: model.cpuSeconds * 1000,
      parallelPart: model.shared,
      memoryMiB: model.memoryMiB,
      imageBytes: model.imageBytes,
      startMs: model.startSeconds * 1000,
    },
    limits: {
      ...NO_LIMITS,
      lambdaConcurrency: profile.executions,
      fargateVcpus: profile.vcpus,
      ec2Vcpus: profile.cores,
      maxReplicas: profile.tasks,
    },
    allowsSpot: profile.isSpotAllowed,
    ...(!profile.hasInstances && { refused: { ec2: 'the installation has none' } }),
  };
}

function configOf(option: PlacedOption): Config {
  const { target, memoryMiB, vcpus, replicas: tasks, isSpot, instanceTypes = [] } = option;
  if (target === 'lambda') return { on: 'lambda', mib: memoryMiB };
  if (target === 'fargate') return { on: 'fargate', vcpus, gb: memoryMiB / 1024, tasks, isSpot };
  const [family = '', size = ''] = (instanceTypes[0] ?? '').split('.');
  return { on: 'ec2', family, cores: coresOf(size), tasks, isSpot };
}

/** As AWS names them: xlarge has 4 vCPUs, 2xlarge twice as many. */
function coresOf(size: string): number {
  return size === 'large' ? 2 : 4 * (Number.parseInt(size, 10) || 1);
}

/** The cheapest that keeps all limits, by trying each. */
function best(
  model: SimModel,
  profile: Profile,
): { readonly usd: number; readonly on: string } | undefined {
  let found: { usd: number; on: string } | undefined;
  const kept = new Set<string>();
  for (const config of everyConfig(model, profile)) {
    const { on } = config;
    const size =
      on === 'lambda'
        ? ''
        : `${on === 'fargate' ? config.vcpus : config.family + config.cores} ${config.isSpot}`;
    // More tasks than enough only cost more.
    if (kept.has(size) || brokenBy(model, profile, config)) continue;
    if (size) kept.add(size);
    const usd = monthlyBill(model, profile, config);
    if (!found || usd < found.usd) found = { usd, on: config.on };
  }
  return found;
}

type Pair = {
  readonly name: string;
  readonly isSame: boolean;
  readonly on: string;
  /** How much more the choice costs than the cheapest, as a part of it. */
  readonly regret: number | null;
  readonly broken: string | undefined;
  /** The estimate beside the simulator's bill for the same choice. */
  readonly estimate: number | null;
};

function judged(model: SimModel, profile: Profile): Pair {
  const name = `${model.cpuSeconds * 1000} ms, ${model.memoryMiB} MiB, ${profile.rate}/s`;
  const option = cheapest(questionOf(model, profile));
  const cheapestOf = best(model, profile);
  if (!option || !cheapestOf) {
    const isSame = !option === !cheapestOf;
    const broken = !isSame && option ? 'nothing keeps the limits' : undefined;
    return { name, isSame, on: 'nothing', regret: null, broken, estimate: null };
  }
  const config = configOf(option);
  const usd = monthlyBill(model, profile, config, false);
  const regret = usd / cheapestOf.usd - 1;
  return {
    name,
    on: option.target,
    isSame: option.target === cheapestOf.on || usd <= cheapestOf.usd * TIE,
    regret,
    broken: brokenBy(model, profile, config, false),
    estimate: option.ownUsd / simulated(model, profile, config, usd) - 1,
  };
}

const known = new Map<string, FunctionUse>();

/** Requests one by one on Lambda, and the hours of the containers. */
function simulated(model: SimModel, profile: Profile, config: Config, usd: number): number {
  if (config.on !== 'lambda') return usd;
  const key = JSON.stringify([model, profile.rate, config.mib]);
  const anHour = known.get(key) ?? simulatedLambda(model, profile, config.mib);
  known.set(key, anHour);
  const { calls, gbSeconds } = anHour;
  return functionBill({ calls: calls * profile.hours, gbSeconds: gbSeconds * profile.hours });
}

/** Where the choice of a target flips as the rate grows by a hundredth, up to `most`; each rate. */
function flips(
  choice: (rate: number) => string | undefined,
  rates: readonly number[],
): readonly number[] {
  return rates.filter(
    (rate, index) => index > 0 && choice(rate) !== choice(rates[index - 1] ?? rate),
  );
}

/** A model that fills no second task before the bills cross. */
const CROSSING: readonly SimModel[] = [100, 200, 400, 700, 1000].flatMap((ms) =>
  [4000, 6144].map((memoryMiB) => ({
    ...{ cpuSeconds: ms / 1000, shared: 0, memoryMiB, imageBytes: GIB, startSeconds: 3 },
  })),
);

function flipsOf(model: SimModel) {
  const at = (rate: number) => plainProfile(rate, rate);
  const breakEven = breakEvenOf(model, at);
  const rates = Array.from({ length: 98 }, (_, step) => breakEven * 0.6 * 1.01 ** step);
  const ours = (rate: number) => cheapest(questionOf(model, at(rate)))?.target;
  const up = flips(ours, rates);
  const down = flips(ours, rates.toReversed());
  const said = flipsAt(questionOf(model, at(breakEven * 0.6)));
  return { breakEven, up, down, said };
}

/** The rate at which the simulator's bills for one task and for the function are equal, found by halving. */
function breakEvenOf(model: SimModel, at: (rate: number) => Profile): number {
  let [low, high] = [1e-4, 1e4];
  for (let step = 0; step < 60; step += 1) {
    const rate = Math.sqrt(low * high);
    const isLambda = best(model, at(rate))?.on === 'lambda';
    if (isLambda) low = rate;
    else high = rate;
  }
  return high;
}

const some = <T>(all: readonly T[], most: number) =>
  all.filter((_, index) => (index * most) % all.length < most);
const asked = some(models, mostModels).flatMap((model) =>
  some(profiles, mostProfiles).map((profile) => ({ model, profile })),
);
const pairs = [...asked, ...LARGE].map(({ model, profile }) => judged(model, profile));
const regrets = pairs.flatMap(({ regret }) => (regret === null ? [] : [regret]));
const estimates = pairs.flatMap(({ estimate }) => (estimate === null ? [] : [estimate]));
const agreement = pairs.filter(({ isSame }) => isSame).length / pairs.length;
const mean = regrets.reduce((sum, each) => sum + each, 0) / Math.max(1, regrets.length);
const worst = Math.max(0, ...regrets);
const broken = pairs.filter((pair) => pair.broken);
/** How many parts of the simulator's figures are further from them than this. */
const beyond = (parts: readonly number[], most: number) =>
  parts.filter((each) => Math.abs(each) > most).length;
const fromTheirs = (parts: readonly number[], most: number, digits: number) =>
  `${spread(
    parts.map((each) => each * 100),
    digits,
  )} % from the simulator's; ${beyond(parts, most)} of ${parts.length} beyond ${most * 100} % (0)`;
const far = beyond(estimates, 0.1);

const percent = (part: number) => `${(part * 100).toFixed(2)} %`;
console.log(row('pairs', `${pairs.length}, of which ${regrets.length} have an answer`));
const taken = Object.entries(Object.groupBy(pairs, ({ on }) => on))
  .map(([on, all]) => `${on} ${all?.length}`)
  .join(', ');
console.log(row('chosen', taken));
console.log(row('the same target', `${percent(agreement)} (95 % or more)`));
console.log(row('mean regret', `${percent(mean)} (2 % or less)`));
console.log(row('worst regret', `${percent(worst)} (10 % or less)`));
console.log(row('broken limits', `${broken.length} (0)`));
console.log(
  row(
    'estimate beside the bill',
    `${spread(
      estimates.map((each) => each * 100),
      1,
    )} %; ${far} beyond 10 % (0)`,
  ),
);

const doors = WAYS_IN.map((rate) => {
  const requests = rate * 730 * 3600;
  const demand = { ...FIRST_GUESS, requestsPerSecond: rate, hours: 730 };
  return total(frontDoor(demand, SHIPPED_PRICES)) / wayBill(requests) - 1;
});
console.log(row('the way to a model', fromTheirs(doors, 0.01, 2)));

const often = CALLED.map(({ model, profile }) => {
  const option = cheapest(questionOf(model, profile));
  if (option?.target !== 'lambda') throw new Error('only a function is called that often');
  return option.ownUsd / monthlyBill(model, profile, configOf(option)) - 1;
});
console.log(row('a function called so often', fromTheirs(often, 0.01, 2)));

const crossings = some(CROSSING, mostModels >= 10 ? 10 : 1).map(flipsOf);
const isNear = (rate: number | undefined, to: number) =>
  rate !== undefined && Math.abs(rate / to - 1) <= 0.05;
const good = crossings.filter(
  ({ breakEven, up, down, said }) =>
    up.length === 1 &&
    down.length === 1 &&
    isNear(up[0], breakEven) &&
    isNear(down[0], breakEven) &&
    isNear(said ?? undefined, breakEven),
);
console.log(
  row('flips near the break-even', `${good.length} of ${crossings.length}, once in each direction`),
);

const ways = asked.flatMap(({ model, profile }) => {
  const question = questionOf(model, profile);
  return waysToSpendLess(question).map((way) => ({ way, question, model, profile }));
});
const spotWays = ways.filter(({ way }) => way.what.startsWith('allow Spot'));
const trueWays = spotWays.flatMap(({ way, question, model, profile }) => {
  const usd = best(model, { ...profile, isSpotAllowed: true })?.usd;
  if (usd === undefined) return [];
  return [way.usd / (usd + wayBill(monthlyRequests(question.demand))) - 1];
});
console.log(row('Spot would save', fromTheirs(trueWays, 0.1, 1)));

for (const { name, broken: limit } of broken.slice(0, 10))
  console.log(`  broken: ${name}: ${limit}`);
for (const { name, regret } of pairs
  .toSorted((a, b) => (b.regret ?? 0) - (a.regret ?? 0))
  .slice(0, 5)) {
  console.log(`  regret: ${name}: ${percent(regret ?? 0)}`);
}
for (const { name, estimate } of pairs
  .toSorted((a, b) => Math.abs(b.estimate ?? 0) - Math.abs(a.estimate ?? 0))
  .slice(0, 5)) {
  console.log(`  estimate: ${name}: ${percent(estimate ?? 0)}`);
}
const isKept =
  agreement >= 0.95 &&
  mean <= 0.02 &&
  worst <= 0.1 &&
  broken.length === 0 &&
  far === 0 &&
  beyond(trueWays, 0.1) === 0 &&
  beyond(doors, 0.01) === 0 &&
  beyond(often, 0.01) === 0 &&
  good.length === crossings.length;
exit(isKept ? 0 : 1);
