import { type ProcessSessions, processSessions } from './process-sessions.ts';
import { proportionalMiB, residentMiB } from './process-usage.ts';

const PERIOD_MS = 100;
/** After how many looks at the server alone the processes that it has started are counted too. */
const ALL_EVERY = 10;

export type MemoryWatch = {
  /** Checks now, without waiting for the next interval. */
  look(): void;
  stop(): void;
};

const allSessions = processSessions();

/**
 * Calls `onOver` once, with the MiB, when a server holds more than `limitMiB`.
 * Checks the process every 100 ms, and every second all of its session, where memory that several share counts once, as on Lambda and in a container.
 * Works on Linux only: elsewhere the limit is not enforced.
 */
export function watchMemory(
  pid: number,
  limitMiB: number,
  onOver: (usedMiB: number) => void,
  sessions: ProcessSessions = allSessions,
): MemoryWatch {
  const timer = setInterval(look, PERIOD_MS);
  let looks = 0;

  function look(): void {
    const isOfAll = looks % ALL_EVERY === 0;
    looks += 1;
    const aloneMiB = residentMiB(pid) ?? 0;
    const usedMiB = aloneMiB <= limitMiB && isOfAll ? sessionMiB(sessions.of(pid)) : aloneMiB;
    if (usedMiB <= limitMiB) return;
    clearInterval(timer);
    onOver(usedMiB);
  }

  /** Shared pages are counted, which costs the kernel time, only where the resident memory of all may be too much. */
  function sessionMiB(pids: readonly number[]): number {
    const residentSum = sum(pids.map(residentMiB));
    if (pids.length === 1 || residentSum <= limitMiB) return residentSum;
    return sum(pids.map((each) => proportionalMiB(each) ?? residentMiB(each)));
  }

  return { look, stop: () => clearInterval(timer) };
}

function sum(values: readonly (number | null)[]): number {
  return values.reduce<number>((total, each) => total + (each ?? 0), 0);
}
