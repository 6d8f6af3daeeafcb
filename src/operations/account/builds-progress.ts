import type { CodeBuilds, RunningBuild } from '#adapters/aws/code-builds.ts';
import { type BuildProgress, lastLines, stageOf } from '#domain/build/build-progress.ts';
import type { BuildLog } from '#ports/build-log.ts';
import { textsOf } from '#ports/platform.ts';

type Deps = { readonly builds: Pick<CodeBuilds, 'running'>; readonly buildLog: BuildLog };

// A build prints many lines between two stages.
const LINES = 200;

/** The progress of an account's builds; see `Slipway.builds`. Their remaining time is unknown. */
export async function buildsProgress({
  builds,
  buildLog,
}: Deps): Promise<readonly BuildProgress[]> {
  const running = await builds.running();
  return Promise.all(
    running.map(async (build) => {
      const lines = build.log ? textsOf(await buildLog.tail(build.log, { lines: LINES })) : [];
      return {
        deploymentId: build.deploymentId,
        place: null,
        stage: stageWords(build, stageOf(lines)),
        leftMs: null,
        lines: lastLines(lines),
      };
    }),
  );
}

function stageWords({ of, phase }: RunningBuild, stage: string | null): string {
  return `${of} ${phase}${stage === null ? '' : `, ${stage}`}`;
}
