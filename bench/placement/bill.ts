// A simulator of AWS's bill for one model, written from AWS's price pages and rules, and from nothing in src/. Requests arrive at random, one by one.
import { seeded } from '../../test/support/fuzz/seeded.ts';

// Seeds that follow one another begin far apart.
const SPREAD = 0x9e3779b9;

/** us-east-1, on demand, in USD. Sources: those of src/domain/data/prices-us-east-1.json, typed again. */
const PRICE = {
  lambdaRequest: 0.2 / 1e6,
  fargateVcpuHour: 0.04048,
  fargateGBHour: 0.004445,
  addressHour: 0.005,
  loadBalancerHour: 0.0225,
  // One for each 25 connections a second: https://aws.amazon.com/elasticloadbalancing/pricing/
  capacityUnitHour: 0.008,
  // The dearest end of Spot's prices.
  spotShare: 0.5,
  // ECS takes 12 % of the price of an instance that it manages, on Spot too.
  managedShare: 0.12,
  gp3GBMonth: 0.08,
};
/** The steps of a month's price: so many units (of these two in millions), and the dollars of each. https://aws.amazon.com/api-gateway/pricing/ (REST APIs) and https://aws.amazon.com/lambda/pricing/ (x86) */
const GATEWAY_CALLS: Steps = [
  [333, 3.5],
  [667, 2.8],
  [19_000, 2.38],
  [Infinity, 1.51],
];
const LAMBDA_GB_SECONDS: Steps = [
  [6000, 16.6667],
  [9000, 15],
  [Infinity, 13.3334],
];
/** The same of Arm, which the authorizer runs on. */
const ARM_GB_SECONDS: Steps = [
  [7500, 13.3334],
  [11_250, 12.0001],
  [Infinity, 10.6667],
];
/** The GB that Lambda logs, which AWS calls vended, and the dollars of each: the steps are 10, 20 and 20 TB. https://aws.amazon.com/cloudwatch/pricing/ */
const LOGGED_GB: Steps = [
  [10 * 1024, 0.5],
  [20 * 1024, 0.25],
  [20 * 1024, 0.1],
  [Infinity, 0.05],
];
/** The GB that go into Firehose: the steps are 500 TB and 1.5 PB. https://aws.amazon.com/firehose/pricing/ */
const FIREHOSE_GB: Steps = [
  [500 * 1024, 0.029],
  [1500 * 1024, 0.025],
  [Infinity, 0.02],
];
// Lambda logs a call in some 300 bytes, so this many GB a million calls; Firehose counts 5 kB of each request.
const LOGGED = 0.3;
const RECORDED = 5;
// The dollars of a million requests before a model that are the same for any number: the calls of the authorizer, and its reads of a key.
const BEFORE_MODEL = 0.2 + 0.125;
// The GB-seconds of one call of the authorizer: 10 ms of half a GB.
const AUTHORIZED = 0.01 * 0.5;
const MONTH_HOURS = 730;
const MIB_OF_A_VCPU = 1769;
const LAMBDA_MIB = { least: 128, most: 10_240 };
const LAMBDA_IMAGE_BYTES = 10 * 1024 ** 3;
const FARGATE_DISK_BYTES = 200 * 1024 ** 3;
const REQUEST_SECONDS = 29;
// How long an environment of a function stays: idle, and at all. AWS documents neither.
const IDLE_SECONDS = 300;
const LIFE_SECONDS = 7200;
// The busiest that a task may be on average.
const BUSY = 0.6;

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html: vCPUs, and the memory (GB) from, to and in steps of. */
const TASKS = [
  { vcpus: 0.25, gb: [0.5, 1, 2] },
  { vcpus: 0.5, gb: [1, 2, 3, 4] },
  { vcpus: 1, gb: range(2, 8, 1) },
  { vcpus: 2, gb: range(4, 16, 1) },
  { vcpus: 4, gb: range(8, 30, 1) },
  { vcpus: 8, gb: range(16, 60, 4) },
  { vcpus: 16, gb: range(32, 120, 8) },
];

/** Instances that AWS sells on demand: the dollars of a vCPU, and the GiB that each has. https://aws.amazon.com/ec2/pricing/on-demand/ (us-east-1) */
const FAMILIES = [
  { name: 'c6a', vcpuHour: 0.03825, gib: 2 },
  { name: 'c6i', vcpuHour: 0.0425, gib: 2 },
  { name: 'm6a', vcpuHour: 0.0432, gib: 4 },
  { name: 'm6i', vcpuHour: 0.048, gib: 4 },
  { name: 'r6a', vcpuHour: 0.0567, gib: 8 },
  { name: 'r6i', vcpuHour: 0.063, gib: 8 },
];
const CORES = [2, 4, 8, 16, 32, 48, 64];
// The host and its agent leave so much to the only task on an instance.
const LEFT = 0.9;
// The smallest disk of an instance that ECS manages.
const DISK_GIB = 80;

/** A model as it is: the seconds of CPU of a request, the part of them that several CPUs share, its memory (MiB), its image (bytes), and its start (s) on one CPU. */
export type SimModel = {
  readonly cpuSeconds: number;
  readonly shared: number;
  readonly memoryMiB: number;
  readonly imageBytes: number;
  readonly startSeconds: number;
};

/** Who asks, and what the account allows; null is no limit. */
export type Profile = {
  readonly rate: number;
  readonly peak: number;
  readonly hours: number;
  readonly p95Seconds: number | null;
  readonly mayStart: boolean;
  readonly executions: number | null;
  readonly vcpus: number | null;
  /** The vCPUs of all instances. */
  readonly cores: number | null;
  /** Whether the account has instances at all. */
  readonly hasInstances: boolean;
  readonly tasks: number | null;
  readonly isSpotAllowed: boolean;
};

export type Config =
  | { readonly on: 'lambda'; readonly mib: number }
  | {
      readonly on: 'fargate';
      readonly vcpus: number;
      readonly gb: number;
      readonly tasks: number;
      readonly isSpot: boolean;
    }
  | {
      readonly on: 'ec2';
      readonly family: string;
      /** The vCPUs of an instance; its task has nine tenths of them. */
      readonly cores: number;
      readonly tasks: number;
      readonly isSpot: boolean;
    };

/** Every way to run the model: each MiB of a function that is a multiple of 16, each size of a task with each number of them, and each type of an instance with each number of them. */
export function* everyConfig(model: SimModel, profile: Profile): Generator<Config> {
  const { least, most } = LAMBDA_MIB;
  const from = Math.max(least, model.memoryMiB);
  for (let mib = from; mib <= most; mib = Math.floor(mib / 16) * 16 + 16) {
    yield { on: 'lambda', mib };
  }
  for (const { vcpus, gb } of TASKS) {
    // More memory than the least that holds the model costs more, and does nothing.
    const held = gb.find((each) => each * 1024 >= model.memoryMiB);
    if (held === undefined) continue;
    // Many more tasks than the load fills: the p95 may ask for them.
    const least = Math.max(1, Math.floor(profile.peak * secondsAt(model, vcpus)));
    for (let tasks = least; tasks <= least * 20 + 20; tasks += 1) {
      for (const isSpot of profile.isSpotAllowed ? [false, true] : [false]) {
        yield { on: 'fargate', vcpus, gb: held, tasks, isSpot };
      }
    }
  }
  if (!profile.hasInstances) return;
  for (const { name, gib } of FAMILIES) {
    for (const cores of CORES) {
      if (cores * gib * 1024 * LEFT < model.memoryMiB) continue;
      const least = Math.max(1, Math.floor(profile.peak * secondsAt(model, leftOf(cores))));
      for (let tasks = least; tasks <= least * 20 + 20; tasks += 1) {
        for (const isSpot of profile.isSpotAllowed ? [false, true] : [false]) {
          yield { on: 'ec2', family: name, cores, tasks, isSpot };
        }
      }
    }
  }
}

/** The limit that a configuration breaks, as a word; undefined where it keeps all. */
export function brokenBy(
  model: SimModel,
  profile: Profile,
  config: Config,
  isExact = true,
): string | undefined {
  // Nobody would notice a slow answer where no limit is set.
  if (profile.p95Seconds === null && vcpusOf(config) < 1) return 'vcpu';
  if (config.on === 'lambda') return brokenOnLambda(model, profile, config.mib);
  return config.on === 'fargate'
    ? brokenOnFargate(model, profile, config, isExact)
    : brokenOnEc2(model, profile, config, isExact);
}

/** The vCPUs that a request may use. */
function vcpusOf(config: Config): number {
  if (config.on === 'lambda') return config.mib / MIB_OF_A_VCPU;
  return config.on === 'fargate' ? config.vcpus : leftOf(config.cores);
}

/** The vCPUs of the only task on an instance, in whole units of 1/1024. */
function leftOf(cores: number): number {
  return Math.floor(cores * LEFT * 1024) / 1024;
}

function familyOf(name: string): (typeof FAMILIES)[number] {
  const family = FAMILIES.find((each) => each.name === name);
  if (!family) throw new Error(`nobody has written what ${name} costs`);
  return family;
}

function brokenOnLambda(model: SimModel, profile: Profile, mib: number): string | undefined {
  if (mib < model.memoryMiB || mib > LAMBDA_MIB.most) return 'memory';
  if (model.imageBytes > LAMBDA_IMAGE_BYTES) return 'image';
  if (!profile.mayStart) return 'start';
  const start = startAt(model, mib);
  if (start > REQUEST_SECONDS) return 'start';
  const seconds = billedSeconds(model, mib);
  if (Math.ceil(profile.peak * seconds) > (profile.executions ?? Infinity)) return 'quota';
  const slow = isRare(profile) ? start + seconds : seconds;
  return slow > (profile.p95Seconds ?? Infinity) + 1e-9 ? 'p95' : undefined;
}

function brokenOnFargate(
  model: SimModel,
  profile: Profile,
  { vcpus, gb, tasks }: Extract<Config, { on: 'fargate' }>,
  isExact: boolean,
): string | undefined {
  if (gb * 1024 < model.memoryMiB) return 'memory';
  if (model.imageBytes > FARGATE_DISK_BYTES) return 'image';
  if (tasks * vcpus > (profile.vcpus ?? Infinity)) return 'quota';
  return brokenByLoad(model, profile, { vcpus, tasks }, isExact);
}

function brokenOnEc2(
  model: SimModel,
  profile: Profile,
  { family, cores, tasks }: Extract<Config, { on: 'ec2' }>,
  isExact: boolean,
): string | undefined {
  if (!profile.hasInstances) return 'no instances';
  const mib = cores * familyOf(family).gib * 1024;
  if (model.memoryMiB > mib * LEFT) return 'memory';
  if (tasks * cores > (profile.cores ?? Infinity)) return 'quota';
  return brokenByLoad(model, profile, { vcpus: leftOf(cores), tasks }, isExact);
}

function brokenByLoad(
  model: SimModel,
  { peak, p95Seconds, tasks: mostTasks }: Profile,
  { vcpus, tasks }: { readonly vcpus: number; readonly tasks: number },
  isExact: boolean,
): string | undefined {
  if (tasks > (mostTasks ?? Infinity)) return 'quota';
  const seconds = secondsAt(model, vcpus);
  const load = (peak * seconds) / tasks;
  if (load > BUSY + 1e-9) return 'load';
  const allowed = (p95Seconds ?? Infinity) * (isExact ? 1 : NOISE);
  return seconds * queued95(load) > allowed + 1e-9 ? 'p95' : undefined;
}

/** The bill of a month in USD, without the way to the model. */
export function monthlyBill(
  model: SimModel,
  profile: Profile,
  config: Config,
  isExact = true,
): number {
  const { rate, hours } = profile;
  if (config.on === 'lambda') {
    const requests = rate * hours * 3600;
    const seconds = billedSeconds(model, config.mib);
    const starts = hours * 3600 * startRate(rate, seconds, startAt(model, config.mib));
    const busy = requests * seconds + starts * startAt(model, config.mib);
    return functionBill({ calls: requests, gbSeconds: busy * (config.mib / 1024) });
  }
  const { tasks, isSpot } = config;
  const { hour, spotHour, disk } = hoursOf(model, config);
  // As many as the average fills, in the proportion in which the peak has filled them; one in quiet hours.
  const seconds = secondsAt(model, vcpusOf(config));
  const usual = usualTasks(profile, seconds, { most: tasks, isExact });
  const taskHours = hours * usual + (MONTH_HOURS - hours);
  const [full, spot] = isSpot ? [MONTH_HOURS, taskHours - MONTH_HOURS] : [taskHours, 0];
  const hosts = full * hour + spot * spotHour + taskHours * disk;
  const units = (rate / 25) * hours * PRICE.capacityUnitHour;
  return hosts + taskHours * PRICE.addressHour + MONTH_HOURS * PRICE.loadBalancerHour + units;
}

/** The bill of so many requests of a month on their way to a model, in USD. */
export function wayBill(requests: number): number {
  const millions = requests / 1e6;
  const authorizer = filled(ARM_GB_SECONDS, millions * AUTHORIZED);
  const logs = filled(LOGGED_GB, millions * LOGGED) + filled(FIREHOSE_GB, millions * RECORDED);
  return filled(GATEWAY_CALLS, millions) + millions * BEFORE_MODEL + authorizer + logs;
}

/** The use of a function: its calls, and the time of its answers and starts. */
export type FunctionUse = { readonly calls: number; readonly gbSeconds: number };

/** The bill of a function for all that it did in a month, in USD. Its log comes on top of that of the authorizer, which was called as often. */
export function functionBill({ calls, gbSeconds }: FunctionUse): number {
  const logged = (calls / 1e6) * LOGGED;
  const log = filled(LOGGED_GB, 2 * logged) - filled(LOGGED_GB, logged);
  return calls * PRICE.lambdaRequest + log + filled(LAMBDA_GB_SECONDS, gbSeconds / 1e6);
}

type Steps = readonly (readonly [units: number, usdOfEach: number])[];

/** Fills one step after another, and pays for what is in each. */
function filled(steps: Steps, units: number): number {
  let [left, usd] = [units, 0];
  for (const [most, usdOfEach] of steps) {
    const here = Math.min(left, most);
    usd += here * usdOfEach;
    left -= here;
  }
  return usd;
}

/** The hour of one of them in USD: on demand, on Spot, and its disk. */
function hoursOf(model: SimModel, config: Exclude<Config, { on: 'lambda' }>) {
  if (config.on === 'fargate') {
    const hour = config.vcpus * PRICE.fargateVcpuHour + config.gb * PRICE.fargateGBHour;
    return { hour, spotHour: hour * PRICE.spotShare, disk: 0 };
  }
  const list = config.cores * familyOf(config.family).vcpuHour;
  const fee = list * PRICE.managedShare;
  // Four images of the model and 30 GiB for the host.
  const gb = Math.max(DISK_GIB, Math.ceil((4 * model.imageBytes) / 1024 ** 3) + 30);
  const disk = (gb * PRICE.gp3GBMonth) / MONTH_HOURS;
  return { hour: list + fee, spotHour: list * PRICE.spotShare + fee, disk };
}

/** The bill of an hour with so many requests, of which so many came in its busiest minute. Tasks follow the requests, up to `config.tasks`. */
export function hourlyBill(
  model: SimModel,
  { requests, busiestMinute }: { readonly requests: number; readonly busiestMinute: number },
  config: Config,
): number {
  const rate = Math.max(requests / 3600, 1e-9);
  const peak = Math.max(rate, busiestMinute / 60);
  const limits = { executions: null, vcpus: null, cores: null, hasInstances: true, tasks: null };
  const plain = { p95Seconds: null, mayStart: true, isSpotAllowed: false };
  const profile = { rate, peak, hours: MONTH_HOURS, ...plain, ...limits };
  return monthlyBill(model, profile, config) / MONTH_HOURS;
}

/** The fewest tasks that keep the load and the p95 at the average rate. */
function usualTasks(
  { rate, p95Seconds }: Profile,
  seconds: number,
  { most, isExact }: { readonly most: number; readonly isExact: boolean },
): number {
  const allowed = (p95Seconds ?? Infinity) * (isExact ? 1 : NOISE);
  for (let tasks = 1; tasks < most; tasks += 1) {
    const load = (rate * seconds) / tasks;
    if (load <= BUSY + 1e-9 && seconds * queued95(load) <= allowed + 1e-9) {
      return tasks;
    }
  }
  return most;
}

/** The seconds of a request on so many vCPUs: a quota of the CPU time, on the CPUs that it needs to be used up. */
function secondsAt({ cpuSeconds, shared }: SimModel, vcpus: number): number {
  const cpus = Math.max(1, Math.ceil(vcpus));
  const alone = cpuSeconds - cpuSeconds * shared;
  return Math.max(alone + (cpuSeconds - alone) / cpus, cpuSeconds / vcpus);
}

/** In whole milliseconds, as AWS counts. */
function billedSeconds(model: SimModel, mib: number): number {
  return Math.ceil(secondsAt(model, mib / MIB_OF_A_VCPU) * 1000 - 1e-6) / 1000;
}

function startAt({ startSeconds }: SimModel, mib: number): number {
  return startSeconds / Math.min(1, mib / MIB_OF_A_VCPU);
}

/** Whether more than 5 % of the requests come after a longer pause than an environment waits. */
function isRare({ rate }: Profile): boolean {
  return Math.exp(-rate * IDLE_SECONDS) > 0.05;
}

/** Starts a second: those of requests that find all busy, and those of environments that end by their age. The share of the requests that find n busy is 1 / inverse, 1 + n / load / B(n - 1). */
function startRate(rate: number, seconds: number, start: number): number {
  const load = rate * seconds;
  let [inverse, cold, kept, burst] = [1, 0, 0, 0];
  let before: { gets: number; there: number } | undefined;
  for (let n = 1; n < 10_000; n += 1) {
    const gets = rate / inverse;
    const there = 1 - Math.exp(-gets * IDLE_SECONDS);
    cold += gets * (1 - there);
    kept += there;
    if (before) burst += before.there * (1 - there) * before.gets * start;
    before = { gets, there };
    if (gets * IDLE_SECONDS < 1e-3) break;
    inverse = 1 + (n / load) * inverse;
  }
  // Without any, one in a life.
  const lives = (cold / kept) * LIFE_SECONDS;
  const old = lives < 1e-9 ? kept / LIFE_SECONDS : cold / (Math.exp(lives) - 1);
  return Math.min(rate, cold + old * (1 + burst));
}

/** An hour of a function from requests one by one: random arrivals, environments that are used, kept and replaced. */
export function simulatedLambda(
  model: SimModel,
  { rate }: Pick<Profile, 'rate'>,
  mib: number,
): FunctionUse {
  const random = seeded(SPREAD);
  const seconds = billedSeconds(model, mib);
  const start = startAt(model, mib);
  // Starts are few: a low rate takes more requests until they even out.
  const count = rate * seconds > 10 ? 30_000 : 1_000_000;
  let environments: { freeAt: number; endsAt: number }[] = [];
  let [now, busy, counted, countedFrom] = [0, 0, 0, 0];
  for (let index = 0; index < count; index += 1) {
    now += -Math.log(1 - random()) / rate;
    environments = environments.filter(
      ({ freeAt, endsAt }) => endsAt > now && freeAt + IDLE_SECONDS > now,
    );
    // The first fifth warms up the pool, and is not billed.
    if (index === count / 5) [busy, counted, countedFrom] = [0, 0, now];
    // The one that was used last: the others then become idle.
    const free = environments
      .filter(({ freeAt }) => freeAt <= now)
      .reduce<(typeof environments)[number] | undefined>(
        (last, each) => (last && last.freeAt > each.freeAt ? last : each),
        undefined,
      );
    counted += 1;
    busy += seconds;
    if (free) free.freeAt = now + seconds;
    else {
      busy += start;
      // Their ages differ: environments of one burst would else end together, and cause the next.
      const endsAt = now + LIFE_SECONDS * (0.5 + random());
      environments.push({ freeAt: now + start + seconds, endsAt });
    }
  }
  const hours = (now - countedFrom) / 3600;
  return { calls: counted / hours, gbSeconds: ((busy / hours) * mib) / 1024 };
}

const STEPS = 600;
// The tail of the queue is simulated to a hundredth: a configuration at its edge is not judged by that.
const NOISE = 1.01;
const TAILS = tails();

/** The time within which 95 % of the requests end before a task of that load, in times of a request: by simulated queues. */
export function queued95(load: number): number {
  return TAILS[Math.min(STEPS, Math.ceil(load * 1000))] ?? Infinity;
}

/** For each thousandth of a load up to 0.6. Lindley's recursion: https://en.wikipedia.org/wiki/Lindley_equation */
function tails(): readonly number[] {
  return Array.from({ length: STEPS + 1 }, (_, step) => {
    if (step === 0) return 1;
    const random = seeded(step * SPREAD);
    const times: number[] = [];
    let wait = 0;
    for (let index = 0; index < 150_000; index += 1) {
      times.push(wait + 1);
      wait = Math.max(0, wait + 1 + Math.log(1 - random()) / (step / 1000));
    }
    return times.sort((a, b) => a - b)[Math.floor(times.length * 0.95)] ?? 1;
  });
}

function range(from: number, to: number, step: number): number[] {
  return Array.from({ length: (to - from) / step + 1 }, (_, index) => from + index * step);
}
