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

/** The measurements of a model: the milliseconds of a request at one vCPU, the part of that which more vCPUs shorten (0 to 1), its memory (MiB), its unpacked image (bytes), and its start (ms). */
export type Measured = {
  readonly requestMs: number;
  readonly parallelPart: number;
  readonly memoryMiB: number;
  readonly imageBytes: number;
  readonly startMs: number;
};

/** The limits of the account and the operator; null means no limit. `maxMonthlyUsd` limits the model's own part of the bill, without the front door. */
export type Limits = {
  readonly lambdaConcurrency: number | null;
  readonly fargateVcpus: number | null;
  readonly maxReplicas: number | null;
  readonly maxMonthlyUsd: number | null;
};

/** The milliseconds of a request at a share of the CPU: by Amdahl's law above one vCPU, and in proportion below it. */
export function requestMsAt({ requestMs, parallelPart }: Measured, vcpus: number): number {
  if (vcpus <= 1) return requestMs / vcpus;
  return requestMs * (1 - parallelPart + parallelPart / vcpus);
}

/** The requests of a month. */
export function monthlyRequests({ requestsPerSecond, hours }: Demand): number {
  return requestsPerSecond * hours * 3600;
}
