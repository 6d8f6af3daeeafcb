import { readdirSync } from 'node:fs';
import { processIds, textOf } from './proc.ts';

const TICKS_PER_SECOND = 100;

/** The CPU time of a process so far, in seconds; null when unknown: only Linux tells (proc(5), `USER_HZ` is 100 on every architecture of Node). */
export function cpuSeconds(pid: number): number | null {
  const fields = statOf(pid);
  return fields ? (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND : null;
}

/** The CPU time so far of all processes in a session, and of those that they waited for, in seconds; null when unknown, and while one of them runs or waits for a core or a disk: on a busy machine it would seem to rest. */
export function restingSessionCpuSeconds(leader: number): number | null {
  if (!statOf(leader)) return null;
  const all = processIds()
    .map(statOf)
    .filter((fields) => fields !== undefined && Number(fields[3]) === leader);
  if (all.some((fields) => /[RD]/.test(fields?.[0] ?? ''))) return null;
  const ticks = all.flatMap((fields) => fields?.slice(11, 15).map(Number) ?? []);
  return ticks.reduce((sum, each) => sum + each, 0) / TICKS_PER_SECOND;
}

/** The process that leads the session of another; null when unknown. */
export function sessionOf(pid: number): number | null {
  const session = statOf(pid)?.[3];
  return session === undefined ? null : Number(session);
}

/** The resident memory of a process, in MiB; null when it has ended or the system does not tell. */
export function residentMiB(pid: number): number | null {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(proc(pid, 'status') ?? '');
  return kilobytes ? Math.ceil(Number(kilobytes[1]) / 1024) : null;
}

/** The memory of a process in which each page counts by the part that is its own, in MiB; null when it has ended or the system does not tell. Takes milliseconds for each GiB. */
export function proportionalMiB(pid: number): number | null {
  const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(proc(pid, 'smaps_rollup') ?? '');
  return kilobytes ? Math.ceil(Number(kilobytes[1]) / 1024) : null;
}

/** How many descriptors a process has open; null when it has ended or the system does not tell. */
export function openFiles(pid: number): number | null {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return null;
  }
}

/** The fields after the name, which may contain anything. */
function statOf(pid: number): readonly string[] | undefined {
  return proc(pid, 'stat')?.split(') ').at(-1)?.split(' ');
}

function proc(pid: number, name: string): string | null {
  return textOf(`/proc/${pid}/${name}`);
}
