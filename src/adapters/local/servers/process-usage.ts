import { readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

/** What the processor worked for a process so far, in seconds; null where the system does not tell: only Linux does (proc(5), `USER_HZ` is 100 on every architecture of Node). */
export function cpuSeconds(pid: number): number | null {
  // Behind the name, which may hold anything.
  const fields = proc(pid, 'stat')?.split(') ').at(-1)?.split(' ');
  return fields ? (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND : null;
}

/** What a process holds of the memory, in MiB; null when it is gone or the system does not tell. */
export function residentMiB(pid: number): number | null {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(proc(pid, 'status') ?? '');
  return kilobytes ? Math.ceil(Number(kilobytes[1]) / 1024) : null;
}

function proc(pid: number, name: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return null;
  }
}
