import { readFileSync } from 'node:fs';

/** False for a process that is gone, or dead and not yet collected by its parent. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** The CPU time that a process has used, in ticks of the kernel (10 ms). Linux only. */
export function usedTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '');
  const [user = 0, system = 0] = stat.split(' ').slice(11, 13).map(Number);
  return user + system;
}
