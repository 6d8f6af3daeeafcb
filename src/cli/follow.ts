import type { CursoredEvent, Slipway } from '#compose/slipway.ts';
import type { SlipwayEvent } from '#domain/event.ts';
import { Failure } from '#domain/failure.ts';
import { type DeploymentState, isTerminal } from '#domain/phase.ts';
import { lookAtBuilds } from './build-look.ts';
import { type Output, seconds } from './output.ts';
import { eventLine, nameOf, STATE_WIDTH } from './views/event-line.ts';
import { buildWords, type Running, withLog } from './views/live-lines.ts';

type Followed = Pick<Slipway, 'builds'> & {
  readonly output: Output;
  /** As of performance.now(). */
  readonly startedAtMs: number;
  /** What stands there before the first event. */
  readonly begun: string;
  /** Answers at the first event of this state too: what follows may take a day. */
  readonly upTo?: DeploymentState;
};

/** Shows the events of one deployment with the time since its start until it has ended, and on a terminal how it stands in between; answers its terminal event. Fails with `PlatformUnavailable` when Slipway stops before. */
export async function followDeployment(
  events: AsyncIterable<CursoredEvent>,
  { output, startedAtMs, begun, builds, upTo }: Followed,
): Promise<SlipwayEvent> {
  let newest: DeploymentEvent | undefined;
  let told = '';
  using look = lookAtBuilds(builds, () => newest?.detail.state === 'Building', tellStage);

  /** Where no live line shows it: a plain one for each stage, without the figures that count. */
  function tellStage(): void {
    const build = newest && look.of(newest.detail.deploymentId);
    if (!newest || !build || output.room() !== null) return;
    const stage = buildWords(build);
    const kind = stage.replaceAll(/\d+/g, '');
    if (kind === told) return;
    told = kind;
    output.line(
      `${seconds(startedAtMs)}  ${''.padEnd(STATE_WIDTH)} ${nameOf(newest.detail)}  ${stage}`,
    );
  }

  const done = output.busy((room) =>
    newest
      ? withLog(runningOf(newest, startedAtMs, look.of), performance.now(), room)
      : [`${seconds(startedAtMs)}  ${begun} …`],
  );
  try {
    for await (const { event } of events) {
      if (event['detail-type'] !== 'Deployment State Change') continue;
      output.line(`${seconds(startedAtMs)}  ${eventLine(event)}`);
      newest = event;
      if (isTerminal(event.detail.state) || event.detail.state === upTo) return event;
    }
  } finally {
    done();
  }
  throw new Failure('PlatformUnavailable', 'Slipway was stopped before the deployment ended', {
    fix: 'Start it again with `slipway start`: it resumes the deployment.',
  });
}

export type DeploymentEvent = Extract<
  SlipwayEvent,
  { readonly 'detail-type': 'Deployment State Change' }
>;

/** A deployment as its newest event tells of it, since a time. */
export function runningOf(
  { detail }: DeploymentEvent,
  sinceMs: number,
  buildOf: (deploymentId: string) => Running['build'],
): Running {
  const { state, deploymentId } = detail;
  return { name: nameOf(detail), state, sinceMs, build: buildOf(deploymentId) };
}
