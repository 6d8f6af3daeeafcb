import type { Slipway } from '#compose/slipway.ts';
import type { BuildProgress } from '#domain/build/build-progress.ts';

const LOOK_MS = 500;

/** How the build of a deployment stands, as of the last look. */
export type BuildLook = Disposable & { of(deploymentId: string): BuildProgress | null };

/** Looks how builds stand, twice a second while it `isWanted` and until it is disposed of. A look that fails leaves what the one before found. */
export function lookAtBuilds(builds: Slipway['builds'], isWanted: () => boolean): BuildLook {
  let found: readonly BuildProgress[] = [];
  let isLooking = false;

  async function look(): Promise<void> {
    if (isLooking || !isWanted()) return;
    isLooking = true;
    found = await builds().catch(() => found);
    isLooking = false;
  }

  const timer = setInterval(look, LOOK_MS);
  return {
    // The one that was asked for last: that of its image comes after that of its environment.
    of: (id) => found.findLast(({ deploymentId }) => deploymentId === id) ?? null,
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
