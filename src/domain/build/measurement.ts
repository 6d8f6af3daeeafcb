import * as z from 'zod/mini';

const MOST_RUNS = 12;

/**
 * Several requests under way at once, as many as `atOnce`: how many were answered in all, the time of each (ms; the time of all divided by their number), at how many vCPUs, and the most memory that the server had held by then, in bytes.
 */
const several = z.object({
  atOnce: z.int().check(z.gte(2), z.lte(64)),
  vcpus: z.number().check(z.positive(), z.lte(1024)),
  requests: z.int().check(z.positive()),
  ms: z.number().check(z.positive()),
  peakBytes: z.int().check(z.positive()),
});

/**
 * How a build set the share of the CPU: `quota` of the container's cgroup, or `affinity` of the process's threads to so many CPUs.
 * `none`: the process had every CPU of the machine, and its CPU time alone shows how much one CPU would take.
 */
export const SHARES_BY = ['quota', 'affinity', 'none'] as const;

/** Runs of the golden request in a build, and `several` of it at once where they were tried. The requests of a run come one after another: the vCPUs, the rows of each request, how many were answered, how long one took (ms; the median, or the mean under a quota, which lets most requests through whole and stops the others), and the mean of their CPU time (ms; null where it is not known). A run has its own `by` where its share was set in another way. `noQuota` says why no quota below one vCPU could be set: such times are then extrapolated. */
export const measurement = z.object({
  by: z.enum(SHARES_BY),
  runs: z
    .array(
      z.object({
        vcpus: z.number().check(z.positive(), z.lte(1024)),
        rows: z.int().check(z.positive()),
        requests: z.int().check(z.positive()),
        ms: z.number().check(z.positive()),
        cpuMs: z.nullable(z.number().check(z.nonnegative())),
        by: z.exactOptional(z.enum(SHARES_BY)),
      }),
    )
    .check(z.minLength(1), z.maxLength(MOST_RUNS)),
  several: z.exactOptional(several),
  noQuota: z.exactOptional(z.string().check(z.maxLength(300))),
});

export type Measurement = Readonly<z.infer<typeof measurement>>;
