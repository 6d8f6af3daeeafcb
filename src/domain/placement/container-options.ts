import fargate from '#domain/data/fargate-sizes.json' with { type: 'json' };
import { hourlyOf } from './container-size.ts';
import { CAPACITY_UNITS, unitUsd } from './cost.ts';
import {
  type BillItem,
  busyMsAt,
  containerMiB,
  monthlyRequests,
  type PlacedOption,
  type Question,
} from './demand.ts';
import { holdingTypes, instanceHour, taskOn, vcpusOf } from './instance-types.ts';
import { pricedOption, total } from './priced-option.ts';
import { wait95, waitingAtMost } from './queue-wait.ts';
import { HOURS_A_MONTH, overspent } from './spending.ts';
import { SHIPPED_PRICES } from './unit-prices.ts';

/** The item of a bill that all models of a stack share: each option in containers has the whole of it, so that the first model there pays for it. */
export const LOAD_BALANCER = 'the load balancer';

const GIB = 1024 ** 3;
const UTILISATION = 0.6;
const MOST_REPLICAS = 1000;
// AWS moves Spot's price between 50 and 70 % off: https://fortem.dev/fargate-spot/. The estimate takes the dearer end.
const SPOT_SHARE = 0.5;

/** Each size of a task on Fargate, with the least memory that holds the model, and on Spot where that may be. */
export function fargateOptions(question: Question): readonly PlacedOption[] {
  const { demand, measured } = question;
  // Below one vCPU answers and starts are slower, which only a limit on the time of an answer keeps within bounds.
  const leastUnits = demand.p95Ms === null ? 1024 : 0;
  const sizes = fargate.sizes
    .filter(({ cpuUnits }) => cpuUnits >= leastUnits)
    .flatMap(({ cpuUnits, memoryMiB }) => {
      const held = memoryMiB.find((memory) => memory >= containerMiB(measured));
      return held === undefined ? [] : [{ vcpus: cpuUnits / 1024, memoryMiB: held }];
    });
  return sizes.flatMap((size) =>
    kindsOf(question).map((isSpot) => fargateOption(question, { ...size, isSpot })),
  );
}

/** Each number of vCPUs of an instance without a GPU, of the cheapest type that holds the model, and on Spot where that may be; none for a question of an earlier Slipway, which did not weigh them. */
export function ec2Options(question: Question): readonly PlacedOption[] {
  const { measured, limits, prices = SHIPPED_PRICES } = question;
  if (limits.ec2Vcpus === undefined) return [];
  return holdingTypes(containerMiB(measured), prices).flatMap((types) => {
    const { cpuUnits, memoryMiB } = taskOn(types[0]);
    const instanceTypes = types.map(({ instanceType }) => instanceType);
    const size = { vcpus: cpuUnits / 1024, memoryMiB, instanceTypes };
    return kindsOf(question).map((isSpot) => ec2Option(question, { ...size, isSpot }));
  });
}

function kindsOf({ allowsSpot }: Question): readonly boolean[] {
  return allowsSpot ? [false, true] : [false];
}

type Size = Pick<PlacedOption, 'isSpot' | 'memoryMiB' | 'vcpus'>;

/** Tasks of that size on Fargate. */
export function fargateOption(
  question: Question,
  { isSpot, vcpus, memoryMiB }: Size,
): PlacedOption {
  const { measured, limits, prices = SHIPPED_PRICES } = question;
  const hourly = hourlyOf({ cpuUnits: vcpus * 1024, memoryMiB }, prices);
  const mostBytes = fargate.storageMaxGiB * GIB;
  return containerOption(question, {
    size: { target: 'fargate', isSpot, memoryMiB, vcpus },
    what: 'tasks',
    onDemandUsd: hourly,
    spotUsd: hourly * SPOT_SHARE,
    beside: [],
    vcpusEach: vcpus,
    mostVcpus: limits.fargateVcpus,
    refusals: [
      measured.imageBytes > mostBytes &&
        `its image takes ${measured.imageBytes} bytes; a task has ${mostBytes}`,
    ],
  });
}

/** Tasks that each take a whole instance of the first of these types. Where no price of it is known, it is priced at 0: see `instanceHour`. */
export function ec2Option(
  question: Question,
  {
    isSpot,
    vcpus,
    memoryMiB,
    instanceTypes = [],
  }: Size & { readonly instanceTypes?: readonly string[] },
): PlacedOption {
  const { measured, limits, prices = SHIPPED_PRICES } = question;
  const hour = instanceHour(instanceTypes, measured.imageBytes, prices);
  return containerOption(question, {
    size: { target: 'ec2', isSpot, memoryMiB, vcpus, instanceTypes },
    what: 'instances',
    onDemandUsd: hour?.onDemandUsd ?? 0,
    spotUsd: hour?.spotUsd ?? 0,
    beside: [{ what: 'their volumes', usd: hour?.volumeUsd ?? 0 }],
    vcpusEach: vcpusOf(instanceTypes[0] ?? '') ?? vcpus,
    mostVcpus: limits.ec2Vcpus ?? null,
    refusals: [],
  });
}

type Container = {
  readonly size: Omit<PlacedOption, 'replicas' | 'p95Ms' | 'bill' | 'usd' | 'ownUsd' | 'refusals'>;
  readonly what: string;
  /** The hour of one, in USD. */
  readonly onDemandUsd: number;
  readonly spotUsd: number;
  /** The other items of the hour of one, in USD. */
  readonly beside: readonly BillItem[];
  /** The vCPUs of one in the account's quota, and how many that has; null for no limit. */
  readonly vcpusEach: number;
  readonly mostVcpus: number | null;
  readonly refusals: readonly (string | false)[];
};

function containerOption(
  { demand, measured, limits, prices = SHIPPED_PRICES }: Question,
  { size, what, onDemandUsd, spotUsd, beside, vcpusEach, mostVcpus, ...of }: Container,
): PlacedOption {
  const seconds = busyMsAt(measured, size.vcpus) / 1000;
  const { leastReplicas, maxMonthlyUsd } = limits;
  const needed = (rate: number) =>
    Math.max(leastReplicas, replicasFor(rate, seconds, demand.p95Ms));
  const replicas = needed(demand.peak);
  // The least stay in the hours in which nobody asks.
  const quietHours = HOURS_A_MONTH - demand.hours;
  const hours = demand.hours * needed(demand.requestsPerSecond) + quietHours * leastReplicas;
  const spotHours = size.isSpot ? hours - HOURS_A_MONTH : 0;
  const own = [
    { what, usd: (hours - spotHours) * onDemandUsd },
    ...(size.isSpot ? [{ what: `${what} on Spot`, usd: spotHours * spotUsd }] : []),
    ...beside.map((each) => ({ ...each, usd: hours * each.usd })),
    { what: 'public addresses', usd: hours * prices.usd.publicAddressHour },
    { what: CAPACITY_UNITS, usd: monthlyRequests(demand) * unitUsd(prices) },
    { what: LOAD_BALANCER, usd: HOURS_A_MONTH * prices.usd.loadBalancerHour },
  ];
  const mostReplicas = limits.maxReplicas ?? MOST_REPLICAS;
  const vcpus = replicas * vcpusEach;
  const service = size.target === 'ec2' ? 'EC2' : 'Fargate';
  const refusals = [
    ...of.refusals,
    replicas > mostReplicas && `the peak needs ${replicas} replicas; ${mostReplicas} may run`,
    mostVcpus !== null &&
      vcpus > mostVcpus &&
      `the peak needs ${vcpus} vCPUs of ${service}; the account has ${mostVcpus}`,
    maxMonthlyUsd !== null &&
      (overspent(onDemandUsd + total(beside), { mostReplicas: replicas, maxMonthlyUsd }) ?? false),
  ];
  const p95Ms = p95Seconds(demand.peak / replicas, seconds) * 1000;
  return pricedOption({
    size: { ...size, replicas, p95Ms },
    own,
    refusals,
    measured,
    demand,
    limits,
    prices,
  });
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

/** The requests a minute that one replica answers at the utilisation that it may have, by the measured time (ms) of one. */
export function requestsPerMinute(ms: number): number {
  return Math.max(1, Math.floor((60_000 * UTILISATION) / ms));
}

/** The time of a request (ms) by which one replica answers so many a minute: the other way round. */
export function msPerReplica(requestsAMinute: number): number {
  return (60_000 * UTILISATION) / requestsAMinute;
}
