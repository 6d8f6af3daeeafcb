import type { Slipway } from '#control/slipway.ts';
import type { BuildProgress } from '#domain/build/build-progress.ts';

const LOOK_MS = 500;
// An account takes many requests for a look, and allows only so many.
const REST = 9;

/** How the build of a deployment stands, as of the last look. */
export type BuildLook = Disposable & { of(deploymentId: string): BuildProgress | null };

/** Looks how builds stand, while it `isWanted` and until it is disposed of, and calls `onLook` after each: twice a second, or where a look takes long in a tenth of the time. A look that fails leaves what the one before found. */
export function lookAtBuilds(
  listBuilds: Slipway['listBuilds'],
  isWanted: () => boolean,
  onLook: () => void = () => {},
): BuildLook {
  let found: readonly BuildProgress[] = [];
  let isLooking = false;
  let notBeforeMs = 0;

  async function look(): Promise<void> {
    const begunMs = performance.now();
    if (isLooking || begunMs < notBeforeMs || !isWanted()) return;
    isLooking = true;
    found = await listBuilds().then(
      ({ builds }) => builds,
      () => found,
    );
    if (isWanted()) onLook();
    notBeforeMs = performance.now() + REST * (performance.now() - begunMs);
    isLooking = false;
  }

  const timer = setInterval(look, LOOK_MS);
  return {
    // The one that was asked for last: that of its image comes after that of its environment.
    of: (id) => found.findLast(({ deploymentId }) => deploymentId === id) ?? null,
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
