import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

export type LogBounds = { readonly logs: number; readonly bytes: number };

// A log has at most 10 MiB, and most have some KiB.
const BOUNDS: LogBounds = { logs: 1_000, bytes: 1024 ** 3 };

type Log = { readonly files: string[]; bytes: number; writtenMs: number };

/**
 * Removes the logs that were written the longest ago, as far as a folder has more than 1,000 of them, or more than 1 GiB in all. The logs that `isNeeded` stay; a log's older file (`.1`) goes with it.
 * Never fails: what cannot be removed now is tried again with the next log.
 */
export async function removeOldLogs(
  directory: string,
  isNeeded: (name: string) => boolean,
  bounds: LogBounds = BOUNDS,
): Promise<void> {
  let [logs, bytes] = [0, 0];
  for (const [name, log] of await newestFirst(directory)) {
    logs += 1;
    bytes += log.bytes;
    if ((logs <= bounds.logs && bytes <= bounds.bytes) || isNeeded(name)) continue;
    for (const file of log.files) await rm(file, { force: true }).catch(() => undefined);
  }
}

async function newestFirst(directory: string): Promise<readonly [name: string, log: Log][]> {
  const logs = new Map<string, Log>();
  for (const file of await readdir(directory).catch(() => [])) {
    const [, name] = /^(.+)\.log(?:\.1)?$/.exec(file) ?? [];
    const path = join(directory, file);
    const found = name === undefined ? undefined : await stat(path).catch(() => undefined);
    if (name === undefined || !found) continue;
    const log = logs.get(name) ?? { files: [], bytes: 0, writtenMs: 0 };
    log.files.push(path);
    log.bytes += found.size;
    log.writtenMs = Math.max(log.writtenMs, found.mtimeMs);
    logs.set(name, log);
  }
  return [...logs].toSorted(([, a], [, b]) => b.writtenMs - a.writtenMs);
}
