import type { Traffic } from '#domain/manifest/traffic.ts';
import type { Target } from './target.ts';
import type { UnitPrices } from './unit-prices.ts';

/**
 * The requests that a model gets: `requestsPerSecond` on average in the `hours` of a month (730 at most) in which it is asked, and `peak` in the busiest minute.
 * `p95Ms` is the longest that 95 % of the requests may take in the model, null where nobody said. `coldStarts: none` rules out servers that start with a request.
 */
export type Demand = {
  readonly requestsPerSecond: number;
  readonly peak: number;
  readonly p95Ms: number | null;
  readonly coldStarts: 'allowed' | 'none';
  readonly hours: number;
};

/**
 * The measurements of a model: the milliseconds of a request at one vCPU, the part of that which more vCPUs shorten (0 to 1), its memory (MiB), its unpacked image (bytes), and its start on Lambda (ms).
 * `rowMs` is the time of each further row in a request (ms), absent where it was not measured. `timedVcpus` is the most vCPUs that a request was timed at; absent in questions of an earlier Slipway.
 * `several` is there where so many requests at once (`atOnce`) were measured: the memory (MiB) of a container then, and the time of each beside a request alone (`times`, 1 and more).
 * `lighter` is there where the weights could have eight bits: what to change, and the memory that this saves (MiB).
 */
export type Measured = {
  readonly requestMs: number;
  readonly parallelPart: number;
  readonly memoryMiB: number;
  readonly imageBytes: number;
  readonly startMs: number;
  readonly rowMs?: number;
  readonly timedVcpus?: number;
  readonly several?: {
    readonly atOnce: number;
    readonly memoryMiB: number;
    readonly times: number;
  };
  readonly lighter?: { readonly what: string; readonly savedMiB: number };
};

/**
 * The limits of the account and the operator; null means no limit. `maxMonthlyUsd` limits the model's own part of the bill, without the front door.
 * `ec2Vcpus` counts those of the instances; it is absent in questions from before EC2 was weighed, for which it is no option. `lambdaMemoryMiB` is the most that a function may have, and `leastReplicas` always run in containers.
 */
export type Limits = {
  readonly lambdaConcurrency: number | null;
  readonly lambdaMemoryMiB: number | null;
  readonly fargateVcpus: number | null;
  readonly ec2Vcpus?: number | null;
  readonly leastReplicas: number;
  readonly maxReplicas: number | null;
  readonly maxMonthlyUsd: number | null;
};

/** The limits where neither the account nor the operator sets any. */
export const NO_LIMITS: Limits = {
  lambdaConcurrency: null,
  lambdaMemoryMiB: null,
  fargateVcpus: null,
  ec2Vcpus: null,
  leastReplicas: 1,
  maxReplicas: null,
  maxMonthlyUsd: null,
};

/** The demand, the measurements and the limits for which a placement is chosen. `refused` says in words why a target is out of the question, whatever it costs. */
export type Question = {
  readonly demand: Demand;
  readonly measured: Measured;
  readonly limits: Limits;
  /** Whether replicas beside the first may run on capacity that AWS takes back. */
  readonly allowsSpot: boolean;
  readonly refused?: Readonly<Partial<Record<Target, string>>>;
  /** The account's prices; the shipped ones where they are absent. */
  readonly prices?: UnitPrices;
};

/** One line of a bill, in USD. */
export type BillItem = { readonly what: string; readonly usd: number };

/**
 * One way to run a model, with its bill for a month in USD: `usd` is the sum of `bill`, the front door included, `ownUsd` is the part without it.
 * `isExtrapolated` is there where more vCPUs than were timed make it faster by the estimate. `refusals` says in words which limits it breaks; empty where it keeps all. `replicas` is the number at the peak, 0 on Lambda. `instanceTypes` is there on EC2: each replica takes a whole instance of the first of them, or of one that is like it.
 */
export type PlacedOption = {
  readonly target: Target;
  readonly isSpot: boolean;
  readonly memoryMiB: number;
  readonly vcpus: number;
  readonly instanceTypes?: readonly string[];
  readonly replicas: number;
  readonly p95Ms: number;
  readonly isExtrapolated?: true;
  readonly bill: readonly BillItem[];
  readonly usd: number;
  readonly ownUsd: number;
  readonly refusals: readonly string[];
};

/** The demand of a manifest that names none: 1 request a second in office hours. */
export const FIRST_GUESS: Demand = {
  requestsPerSecond: 1,
  peak: 2,
  p95Ms: null,
  coldStarts: 'allowed',
  hours: 174,
};

/** The demand that a manifest or a command names; the peak is twice the average where it is absent. */
export function demandOf({
  requestsPerSecond,
  peak = requestsPerSecond * 2,
  p95Ms,
  coldStarts,
  hours,
}: Omit<Traffic, 'peak' | 'p95Ms'> & {
  readonly peak?: number | undefined;
  readonly p95Ms?: number | undefined;
}): Demand {
  return { requestsPerSecond, peak, p95Ms: p95Ms ?? null, coldStarts, hours };
}

/**
 * The milliseconds of a request at a share of the CPU, on average over requests that come one after another.
 * A share is a quota of the CPU time on the next whole number of CPUs: a request takes as long as on these (Amdahl's law), or as long as the quota takes to give its CPU time, whichever is longer.
 */
export function requestMsAt(
  { requestMs, parallelPart }: Pick<Measured, 'requestMs' | 'parallelPart'>,
  vcpus: number,
): number {
  const onWhole = requestMs * (1 - parallelPart + parallelPart / Math.ceil(vcpus));
  return Math.max(onWhole, requestMs / vcpus);
}

/** The memory (MiB) of a replica in a container, which may have several requests under way: a function never has. */
export function containerMiB({ memoryMiB, several }: Measured): number {
  return several?.memoryMiB ?? memoryMiB;
}

/** The milliseconds of a request in a container that has several under way: longer than alone where they hinder each other. */
export function busyMsAt(measured: Measured, vcpus: number): number {
  return requestMsAt(measured, vcpus) * (measured.several?.times ?? 1);
}

/** Whether so many vCPUs make a request faster than anybody has timed it. */
export function isBeyondTimed(
  { parallelPart, timedVcpus }: Pick<Measured, 'parallelPart' | 'timedVcpus'>,
  vcpus: number,
): boolean {
  return timedVcpus !== undefined && vcpus > Math.max(1, timedVcpus) && parallelPart > 0;
}

/** The requests of a month. */
export function monthlyRequests({ requestsPerSecond, hours }: Demand): number {
  return requestsPerSecond * hours * 3600;
}
