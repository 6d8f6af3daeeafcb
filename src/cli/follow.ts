import type { BuildProgress, CursoredEvent } from '#compose/slipway.ts';
import type { SlipwayEvent } from '#domain/event.ts';
import { Failure } from '#domain/failure.ts';
import { isTerminal } from '#domain/phase.ts';
import { buildStanding, lastLines } from './build-lines.ts';
import { eventLine } from './event-line.ts';
import { type Output, seconds } from './output.ts';
import { watchBuild } from './watch-build.ts';

export type Following = {
  readonly output: Output;
  /** As of performance.now(). */
  readonly startedAtMs: number;
  /** What was done before the first event. */
  readonly begun: string;
  /** How the build of a deployment stands, while it is building. */
  readonly build: (deploymentId: string) => Promise<BuildProgress | null>;
};

/** Shows the events of one deployment with the time since `startedAtMs`, and how its build goes on, until it has ended; answers its terminal event. Fails with `PlatformUnavailable` when Slipway stops before. */
export async function followDeployment(
  events: AsyncIterable<CursoredEvent>,
  { output, startedAtMs, begun, build }: Following,
): Promise<SlipwayEvent> {
  const say = (text: string) => output.line(`${seconds(startedAtMs)}  ${text}`);
  let waiting: readonly string[] = [`${begun} …`];
  let watched = new AbortController();
  const done = output.busy(() => `${seconds(startedAtMs)}  ${waiting.join('\n')}`);

  function watch(deploymentId: string): void {
    let told = '';
    const tell = (seen: BuildProgress) => {
      const standing = buildStanding(seen);
      if (standing !== told) say(`Building     ${standing}`);
      told = standing;
      waiting = [`${standing} …`, ...lastLines(seen)];
    };
    void watchBuild(() => build(deploymentId), tell, watched.signal);
  }

  try {
    for await (const { event } of events) {
      if (event['detail-type'] !== 'Deployment State Change') continue;
      const { state, deploymentId } = event.detail;
      watched.abort();
      watched = new AbortController();
      say(eventLine(event));
      waiting = [`${state} …`];
      if (isTerminal(state)) return event;
      if (state === 'Building') watch(deploymentId);
    }
  } finally {
    watched.abort();
    done();
  }
  throw new Failure('PlatformUnavailable', 'Slipway was stopped before the deployment ended', {
    fix: 'Start it again with `slipway start`: it resumes the deployment.',
  });
}
