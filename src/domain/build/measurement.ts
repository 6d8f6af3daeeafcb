import * as z from 'zod/mini';

const MOST_RUNS = 12;

/**
 * How a build set the share of the CPU: `quota` of the container's cgroup, or `affinity` of the process's threads to so many CPUs.
 * `none`: the process had every CPU of the machine, and its CPU time alone shows how much one CPU would take.
 */
export const SHARES_BY = ['quota', 'affinity', 'none'] as const;

/** Runs of the golden request in a build, one after another: the vCPUs, the rows of each request, how many were answered, how long one took (ms; the median, or the mean under a quota, which lets most requests through whole and stops the others), and the mean of their CPU time (ms; null where it is not known). */
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
      }),
    )
    .check(z.minLength(1), z.maxLength(MOST_RUNS)),
});

export type Measurement = Readonly<z.infer<typeof measurement>>;
