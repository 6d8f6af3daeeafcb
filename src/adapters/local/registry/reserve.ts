import { randomBytes } from 'node:crypto';
import { rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** How much of the disk stays free for what Slipway itself has to write: the registry's log and its index, addresses, logs. */
export const RESERVED_BYTES: number = 2 ** 20;

const pathIn = (dataDir: string) => join(dataDir, 'reserve');

/** Frees the reserved space of a data folder when its disk is full, so that a start can still serve what was live. Answers whether the disk is full. */
export function releaseReserve(dataDir: string): boolean {
  const { bavail, bsize } = statfsSync(dataDir);
  if (bavail * bsize >= RESERVED_BYTES) return false;
  rmSync(pathIn(dataDir), { force: true });
  return true;
}

/** Takes the reserved space while there is enough besides. A disk that fills up later leaves it to the next start. */
export function keepReserve(dataDir: string): void {
  const path = pathIn(dataDir);
  if (statSync(path, { throwIfNoEntry: false })?.size === RESERVED_BYTES) return;
  const { bavail, bsize } = statfsSync(dataDir);
  if (bavail * bsize < 4 * RESERVED_BYTES) return;
  try {
    // Zeros would take no space on a file system that compresses.
    writeFileSync(path, randomBytes(RESERVED_BYTES));
  } catch {
    rmSync(path, { force: true });
  }
}
