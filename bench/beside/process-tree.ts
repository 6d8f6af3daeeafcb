import { readdirSync, readFileSync } from 'node:fs';

// USER_HZ, the unit of the times in /proc/PID/stat: 100 on every architecture that Node runs on.
const MS_A_TICK = 10;

/** The CPU time spent so far by a process and its descendants, including those that have ended; in steps of 10 ms. */
export function cpuMs(root: number): number {
  const ticks = treeOf(root).map((pid) => {
    const fields = statOf(pid);
    // User and system time, its own and of its children that it has waited for: fields 14 to 17 of proc(5).
    return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  });
  return ticks.reduce((sum, count) => sum + count, 0) * MS_A_TICK;
}

/** The exact CPU time of the threads that still run; threads that have ended are not counted. https://docs.kernel.org/scheduler/sched-stats.html */
export function threadsCpuMs(root: number): number {
  const threads = treeOf(root).flatMap((pid) =>
    readdirSync(`/proc/${pid}/task`).map((id) => `/proc/${pid}/task/${id}/schedstat`),
  );
  const nanos = threads.map((path) => Number(readFileSync(path, 'utf8').split(' ')[0]));
  return nanos.reduce((sum, each) => sum + each, 0) / 1e6;
}

/** `rss` with all pages that its processes have, `pss` with a share of those that others have too, MiB. */
export function memoryMiB(root: number): { readonly rss: number; readonly pss: number } {
  const texts = treeOf(root).map((pid) => readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
  const sum = (name: string) =>
    texts
      .map((text) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]))
      .reduce((total, kilobytes) => total + kilobytes, 0) / 1024;
  return { rss: sum('Rss'), pss: sum('Pss') };
}

/** The memory that its processes would have with nobody else on the machine, MiB: their own pages, and the pages of each file once. */
export function aloneMiB(root: number): number {
  const files = new Map<string, number>();
  let own = 0;
  for (const pid of treeOf(root)) {
    const smaps = readFileSync(`/proc/${pid}/smaps`, 'utf8');
    for (const [, place, rss, anonymous] of smaps.matchAll(MAPPING)) {
      own += Number(anonymous);
      const ofFile = Number(rss) - Number(anonymous);
      const key = place ?? '';
      files.set(key, Math.max(files.get(key) ?? 0, ofFile));
    }
  }
  return (own + [...files.values()].reduce((sum, each) => sum + each, 0)) / 1024;
}

// The offset, the device and the inode of a mapping, and its pages.
const MAPPING =
  /^[\da-f]+-[\da-f]+ \S+ ([\da-f]+ \S+ \d+)[\s\S]*?^Rss:\s+(\d+) kB$[\s\S]*?^Anonymous:\s+(\d+) kB$/gm;

function treeOf(root: number): readonly number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: Number(statOf(Number(name))[1]) }));
  const below = (parent: number): readonly number[] =>
    parents.filter((each) => each.parent === parent).flatMap(({ pid }) => [pid, ...below(pid)]);
  return [root, ...below(root)];
}

/** The fields after the name in brackets; empty when the process is gone. */
function statOf(pid: number): readonly string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}
