import { cpus, loadavg } from 'node:os';

/** How many processes want each core of this machine, at least 1: what time limits of real processes are multiplied by. */
export function crowd(): number {
  return Math.max(1, (loadavg()[0] ?? 0) / cpus().length);
}
