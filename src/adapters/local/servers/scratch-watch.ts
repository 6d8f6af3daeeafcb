import type { Stats } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { realTimers } from '#adapters/local/concurrency/timers.ts';
import { sessionOf } from '#adapters/local/processes/process-usage.ts';
import limits from '#domain/data/lambda-limits.json' with { type: 'json' };

// A deeper path comes near the longest one that the system takes, and could not be counted.
const MOST_DEEP = 64;
const PERIOD_MS = 1_000;
/** After how many looks its processes are searched for again, which reads of every process of the machine. */
const PROCESSES_EVERY = 10;
const MEBIBYTE = 1024 * 1024;
const BLOCK_BYTES = 512;

type Server = {
  /** Leads the session of all processes that the server starts. */
  readonly pid: number;
  readonly folder: string;
};

type Limits = { readonly mostMiB: number; readonly mostFiles: number };

/** The limits of a server's scratch folder; buildspecs/commands/out-watch.mjs, which reaches none of this code, has the same for a build. */
export const SCRATCH_LIMITS: Limits = {
  // As much as on Lambda and in a container.
  mostMiB: limits.ephemeralMinMiB,
  // As many files as a look can count each second; a cache of a framework has dozens.
  mostFiles: 10_000,
};

export type ScratchWatch = {
  /** Counts now, without waiting for the next interval. */
  look(): Promise<void>;
  stop(): void;
};

/**
 * Calls `onOver` once, with a predicate, when the files of a server's folder take more than they may together, or are too many to be counted.
 * Counts every second, and on Linux also what has no name any more while one of its processes has it open. A file alone is limited by the walls.
 */
export function watchScratch(
  server: Server,
  onOver: (what: string) => void,
  given: Partial<Limits> = {},
): ScratchWatch {
  const { mostMiB, mostFiles } = { ...SCRATCH_LIMITS, ...given };
  let isOver = false;
  let looks = 0;
  let processes: readonly number[] = [server.pid];
  let callOff = realTimers.after(PERIOD_MS, lookOn);

  async function look(): Promise<void> {
    if (looks % PROCESSES_EVERY === 0) processes = await processesOf(server.pid);
    looks += 1;
    const count = counter(mostMiB * MEBIBYTE, mostFiles);
    await countFolder(server.folder, count, 0);
    await countUnnamed(processes, server.folder, count);
    if (count.over === undefined || isOver) return;
    stop();
    onOver(count.over);
  }

  async function lookOn(): Promise<void> {
    await look().catch(() => undefined);
    if (!isOver) callOff = realTimers.after(PERIOD_MS, lookOn);
  }

  function stop(): void {
    isOver = true;
    callOff();
  }

  return { look, stop };
}

type Counter = {
  /** Why it is over, as a predicate; nothing more is counted then. */
  over: string | undefined;
  add(file: Stats): void;
};

function counter(mostBytes: number, mostFiles: number): Counter {
  const seen = new Set<string>();
  let bytes = 0;
  const count: Counter = {
    over: undefined,
    add({ dev, ino, blocks }) {
      // A file may have several names, or be open several times.
      const file = `${dev}/${ino}`;
      if (seen.has(file)) return;
      seen.add(file);
      bytes += blocks * BLOCK_BYTES;
      if (bytes > mostBytes) {
        count.over = `wrote more than ${mostBytes / MEBIBYTE} MiB to its scratch folder, its limit in all`;
      } else if (seen.size > mostFiles) {
        count.over = `made more than ${mostFiles} files in its scratch folder, its limit`;
      }
    },
  };
  return count;
}

async function countFolder(folder: string, count: Counter, depth: number): Promise<void> {
  if (depth > MOST_DEEP) {
    count.over = `made folders ${MOST_DEEP} deep in its scratch folder, its limit`;
    return;
  }
  for (const entry of await entriesOf(folder, count)) {
    if (count.over !== undefined) return;
    const path = join(folder, entry.name);
    // A file that is removed meanwhile takes no room any more.
    const file = await lstat(path).catch(() => undefined);
    if (file) count.add(file);
    if (file?.isDirectory()) await countFolder(path, count, depth + 1);
  }
}

async function entriesOf(folder: string, count: Counter) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    const isClosed = error instanceof Error && 'code' in error && error.code === 'EACCES';
    if (isClosed) count.over = 'closed a folder of its scratch folder, which is then not counted';
    return [];
  }
}

/** Files that were removed take their room until the last process has closed them. */
async function countUnnamed(
  processes: readonly number[],
  folder: string,
  count: Counter,
): Promise<void> {
  const device = await stat(folder).catch(() => undefined);
  for (const pid of processes) {
    const open = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const descriptor of open) {
      if (count.over !== undefined) return;
      const file = await stat(`/proc/${pid}/fd/${descriptor}`).catch(() => undefined);
      if (file?.nlink === 0 && file.isFile() && file.dev === device?.dev) count.add(file);
    }
  }
}

async function processesOf(leader: number): Promise<readonly number[]> {
  const all = (await readdir('/proc').catch(() => [])).map(Number).filter(Number.isInteger);
  return [leader, ...all.filter((pid) => pid !== leader && sessionOf(pid) === leader)];
}
