import type { Measurement } from '#domain/build/measurement.ts';
import type { Measured } from './demand.ts';

type Run = Measurement['runs'][number];

/** The measurement of a build, and the time (ms) that a server adds to each request, 0 where the measured answers are those of the server itself. */
export type Timed = Measurement & { readonly serverMs: number };

/** A measurement of a server's own answers, which has all of their time. */
export function timedByServer(measurement: Measurement): Timed {
  return { ...measurement, serverMs: 0 };
}

/**
 * The time of a request at one vCPU (ms), the part of it that more vCPUs shorten (0 to 1), and the time of a further row, from the runs of a build. The part is that of Amdahl's law between one vCPU and the most that were tried.
 * At one vCPU a request takes its CPU time, or as long as with the most vCPUs where it waits for something else: the time that it took on one also has what else the machine did. Runs below one vCPU show nothing more.
 */
export function timesOf({
  by,
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
  const ones = single.filter(({ vcpus }) => vcpus === 1);
  const quota = ones.find((run) => run.by === 'quota');
  const one = quota ?? ones[0];
  // Threads that are bound to one CPU hinder each other less than under a quota of one: those that wait by spinning give way at once.
  const cpuMs = (by === 'affinity' && !quota ? widest : (one ?? widest)).cpuMs;
  const modelMs = cpuMs === null ? (one ?? widest).ms : Math.max(widest.ms, cpuMs);
  const onOneMs = widest.vcpus < 1 ? widest.ms * widest.vcpus : modelMs;
  const part = widest.vcpus > 1 ? (1 - widest.ms / onOneMs) / (1 - 1 / widest.vcpus) : 0;
  const rowMs = rowTime(runs, rows);
  const requestMs = onOneMs + serverMs;
  return {
    requestMs,
    // The server itself is one thread.
    parallelPart: Math.min(1, Math.max(0, part)) * (onOneMs / requestMs),
    timedVcpus: widest.vcpus,
    ...(rowMs !== undefined && { rowMs }),
  };
}

/** Less than this is noise: a build has half a second. */
const LEAST_TIMES = 1.1;

/** How many requests were under way at once, and how many times as long each took then as one after another does: 1 where it took no longer. Undefined where it was not tried. */
export function severalOf({
  runs,
  several,
}: Measurement): { readonly atOnce: number; readonly times: number } | undefined {
  if (!several) return undefined;
  const { atOnce, ms, vcpus } = several;
  const rows = Math.min(...runs.map((run) => run.rows));
  const alone = runs.find((run) => run.vcpus === vcpus && run.rows === rows);
  const times = alone ? ms / alone.ms : 1;
  return { atOnce, times: times < LEAST_TIMES ? 1 : times };
}

/** Compares the run with the most rows with one of few at the same share of the CPU. */
function rowTime(runs: readonly Run[], rows: number): number | undefined {
  const many = runs.filter((run) => run.rows > rows).toSorted((a, b) => b.rows - a.rows)[0];
  const few =
    many && runs.find((run) => run.rows === rows && run.vcpus === many.vcpus && run.by === many.by);
  return few && Math.max(0, (many.ms - few.ms) / (many.rows - few.rows));
}
