import { setTimeout as sleep } from 'node:timers/promises';
import type { BuildProgress } from '#compose/slipway.ts';

const LOOK_MS = 3000;

/** Tells how a build stands, every few seconds until `signal` ends it. A look that fails says nothing: what becomes of the deployment is told by its events. */
export async function watchBuild(
  look: () => Promise<BuildProgress | null>,
  tell: (build: BuildProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const build = await look().catch(() => null);
    if (signal.aborted) return;
    if (build) tell(build);
    await sleep(LOOK_MS, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
