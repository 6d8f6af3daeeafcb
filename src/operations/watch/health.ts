import { constants, type StatsFs } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import type { Family } from '#adapters/local/metrics/exposition.ts';
import { Failure } from '#domain/failure.ts';
import { type WallsReport, WITHOUT_WALLS_FIX } from '#domain/walls.ts';

/** The parts of a Slipway on one machine that may keep it from working as it should. */
const CHECKS = ['disk', 'bucket', 'registry', 'walls'] as const;

/** The fault of a part, and the remedy. It names neither models nor their files. */
export type Trouble = {
  readonly check: (typeof CHECKS)[number];
  readonly reason: string;
  readonly fix: string;
};

type Disk = Pick<StatsFs, 'bavail' | 'bsize' | 'files' | 'ffree'>;

type Parts = {
  readonly dataDir: string;
  readonly bucketDir: string;
  /** Why the registry is not known to be sound; undefined where it is. */
  readonly registry: () => Promise<Failure | undefined>;
  /** Why the walls around models differ from those at its start; undefined where they are the same. */
  readonly walls: () => Failure | undefined;
};

/** Below this much free space Slipway may not be able to record events. */
export const LEAST_FREE_MIB = 100;
const MEBIBYTE = 1024 * 1024;

/** Checks each part; empty while all are well. A part that cannot be checked is in trouble. */
export async function troublesOf({
  dataDir,
  bucketDir,
  registry,
  walls,
}: Parts): Promise<readonly Trouble[]> {
  const looks: Readonly<Record<Trouble['check'], () => Promise<Failure | undefined>>> = {
    disk: async () => diskFailure(await statfs(dataDir)),
    bucket: () => lookAtBucket(bucketDir),
    registry,
    walls: async () => walls(),
  };
  const found = await Promise.all(
    CHECKS.map(async (check) => {
      const failure = await looks[check]().catch((error: unknown) => notSeen(check, error));
      return failure ? [{ check, reason: failure.message, fix: failure.fix }] : [];
    }),
  );
  return found.flat();
}

/** The same for Prometheus, with a value for each part that may be in trouble. */
export function healthMeters(troubles: readonly Trouble[]): Family {
  return {
    name: 'slipway_healthy',
    help: 'Whether a part works as it should (1) or not (0); /healthz says why not.',
    type: 'gauge',
    values: CHECKS.map((check) => ({
      labels: { check },
      value: troubles.some((trouble) => trouble.check === check) ? 0 : 1,
    })),
  };
}

/** The trouble with the walls that a running Slipway found as it started: there are no walls, and so it refuses models. Undefined where it refuses no models, or where the system offers no walls. */
export function wallsFailure(
  { refuses }: WallsReport,
  platform: string = process.platform,
): Failure | undefined {
  if (platform !== 'linux' || refuses === null) return undefined;
  return new Failure('PlatformDenied', `no wall stands around the models: ${refuses}`, {
    fix: WITHOUT_WALLS_FIX,
  });
}

/** The trouble with a disk of this many free blocks (`bavail`, of `bsize` bytes) and inodes (`ffree`, of `files`), as statfs reports them; undefined where it has enough of both. */
export function diskFailure({ bavail, bsize, files, ffree }: Disk): Failure | undefined {
  const freeMiB = Math.floor((bavail * bsize) / MEBIBYTE);
  const fix = 'Free some space on it: `slipway prune` removes what nothing needs.';
  if (freeMiB < LEAST_FREE_MIB) {
    const says = `the disk of the data folder has ${freeMiB} MiB left; Slipway needs ${LEAST_FREE_MIB}`;
    return new Failure('StorageFull', says, { fix });
  }
  // Some file systems do not count inodes.
  if (files > 0 && ffree === 0) {
    return new Failure('StorageFull', 'the disk of the data folder has no inode left', { fix });
  }
  return undefined;
}

async function lookAtBucket(bucketDir: string): Promise<Failure | undefined> {
  const found = await stat(bucketDir);
  if (!found.isDirectory()) {
    return new Failure('PlatformUnavailable', 'the bucket is not a folder', {
      fix: 'Put the folder back; what was live is served meanwhile.',
    });
  }
  await access(bucketDir, constants.R_OK | constants.W_OK | constants.X_OK);
  return undefined;
}

function notSeen(check: Trouble['check'], error: unknown): Failure {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const says = code === 'ENOENT' ? `the ${check} is gone` : `the ${check} cannot be used: ${code}`;
  return new Failure('PlatformUnavailable', says, {
    fix: 'Put the data folder back, owned by the user that runs Slipway; what was live is served meanwhile.',
  });
}
