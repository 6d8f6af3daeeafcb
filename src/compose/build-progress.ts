import { withoutQueries } from '#domain/build/explain-build.ts';
import type { BuildLog } from '#ports/build-log.ts';
import type { Builds } from '#ports/builds.ts';
import type { BuildProgress } from './slipway.ts';

type Deps = { readonly builds: Builds; readonly buildLog: BuildLog };

const LINES = 20;

/** How the newest build of a deployment stands; see `Slipway.build`. */
export async function buildProgress(
  { builds, buildLog }: Deps,
  deploymentId: string,
): Promise<BuildProgress | null> {
  const build = await builds.find(deploymentId);
  if (!build) return null;
  const { log, ...progress } = build;
  const lines = log ? await buildLog.tail(log, LINES) : [];
  return { ...progress, lines: lines.map(withoutQueries) };
}
