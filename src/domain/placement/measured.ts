import type { Measurement } from '#domain/build/measurement.ts';
import type { Measured } from './demand.ts';

type Run = Measurement['runs'][number];

/** The measurement of a build, and the time (ms) that a server adds to each request, 0 where the measured answers are those of the server itself. */
export type Timed = Pick<Measurement, 'runs'> & { readonly serverMs: number };

/**
 * The time of a request at one vCPU (ms), the part of it that more vCPUs shorten (0 to 1), and the time of a further row, from the runs of a build. The part is that of Amdahl's law between one vCPU and the most that were tried.
 * Where nothing ran at one vCPU, its CPU time is the time there. Runs below one vCPU show nothing here: a kernel that counts in tenths of a second lets a short request through whole.
 */
export function timesOf({
  runs,
  serverMs,
}: Timed): Pick<Measured, 'requestMs' | 'parallelPart' | 'rowMs' | 'timedVcpus'> {
  const rows = Math.min(...runs.map((run) => run.rows));
  const single = runs
    .filter((run) => run.rows === rows)
    .toSorted((one, other) => one.vcpus - other.vcpus);
  const widest = single.at(-1);
  // The schema has at least one run.
  if (!widest) throw new RangeError('a measurement has no runs');
  const modelMs = single.find(({ vcpus }) => vcpus === 1)?.ms ?? onOne(widest);
  const part = widest.vcpus > 1 ? partOf(widest, modelMs) : 0;
  const rowMs = rowTime(runs, rows);
  const requestMs = modelMs + serverMs;
  return {
    requestMs,
    // The server itself is one thread.
    parallelPart: Math.min(1, Math.max(0, part)) * (modelMs / requestMs),
    timedVcpus: widest.vcpus,
    ...(rowMs !== undefined && { rowMs }),
  };
}

/** The smaller of two: how much faster it was than on one, and how much CPU time it used for that. A busy machine delays the run on one vCPU, which looks like the first, and threads that wait by spinning look like the second. */
function partOf({ vcpus, ms, cpuMs }: Run, oneMs: number): number {
  const most = 1 - 1 / vcpus;
  const byTime = (1 - ms / oneMs) / most;
  return cpuMs ? Math.min(byTime, (1 - ms / cpuMs) / most) : byTime;
}

function onOne({ vcpus, ms, cpuMs }: Run): number {
  if (vcpus <= 1) return ms * vcpus;
  return Math.max(ms, cpuMs ?? 0);
}

/** Compares the run with the most rows with one of few at the same share of the CPU. */
function rowTime(runs: readonly Run[], rows: number): number | undefined {
  const many = runs.filter((run) => run.rows > rows).toSorted((a, b) => b.rows - a.rows)[0];
  const few = many && runs.find((run) => run.rows === rows && run.vcpus === many.vcpus);
  return few && Math.max(0, (many.ms - few.ms) / (many.rows - few.rows));
}
