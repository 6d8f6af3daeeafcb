import type { Slipway } from '#control/slipway.ts';
import type { CursoredEvent } from '#control/streams.ts';
import type { SlipwayEvent } from '#domain/event.ts';
import { Failure } from '#domain/failure.ts';
import { type DeploymentState, isTerminal } from '#domain/phase.ts';
import { untilAborted } from '#operations/until-aborted.ts';
import { lookAtBuilds } from './build-look.ts';
import { type Output, seconds } from './output.ts';
import { eventLine, nameOf, STATE_WIDTH } from './views/event-line.ts';
import { buildWords, type Running, withLog } from './views/live-lines.ts';

type Followed = Pick<Slipway, 'listBuilds'> & {
  readonly output: Output;
  /** As of performance.now(). */
  readonly startedAtMs: number;
  /** The line before the first event. */
  readonly begun: string;
  /** Answers at the first event of this state too: what follows may take a day. */
  readonly upTo?: DeploymentState;
  /** Asked at each event; what it answers is waited for, and nothing is drawn meanwhile. */
  readonly asks?: (event: DeploymentEvent) => Promise<void> | undefined;
  /** Aborted when nobody wants to follow any longer. */
  readonly left?: AbortSignal;
};

/** Shows the events of one deployment with the time since its start until it has ended, and on a terminal how it stands in between; answers its terminal event. Fails with `PlatformUnavailable` when Slipway stops before, or who follows leaves. */
export async function followDeployment(
  events: AsyncIterable<CursoredEvent>,
  { output, startedAtMs, begun, listBuilds, upTo, asks, left = NEVER }: Followed,
): Promise<SlipwayEvent> {
  let newest: DeploymentEvent | undefined;
  let told = '';
  using look = lookAtBuilds(listBuilds, () => newest?.detail.state === 'Building', tellStage);

  /** Where no live line shows it: a plain one for each stage, without the figures that count. */
  function tellStage(): void {
    const build = newest && look.of(newest.detail.deploymentId);
    const isBegun = build?.stage || build?.place;
    if (!newest || !build || !isBegun || output.room() !== null) return;
    const stage = buildWords(build);
    const kind = stage.replaceAll(/\d+/g, '');
    if (kind === told) return;
    told = kind;
    output.line(
      `${seconds(startedAtMs)}  ${''.padEnd(STATE_WIDTH)} ${nameOf(newest.detail)}  ${stage}`,
    );
  }

  const draw = () =>
    output.busy((room) =>
      newest
        ? withLog(runningOf(newest, startedAtMs, look.of), performance.now(), room)
        : [`${seconds(startedAtMs)}  ${begun} …`],
    );
  let done = draw();
  try {
    for await (const { event } of untilAborted(events, left)) {
      if (event['detail-type'] !== 'Deployment State Change') continue;
      output.line(`${seconds(startedAtMs)}  ${eventLine(event)}`);
      newest = event;
      const asked = asks?.(event);
      if (asked) {
        done();
        await asked;
        done = draw();
      }
      if (isTerminal(event.detail.state) || event.detail.state === upTo) return event;
    }
  } finally {
    done();
  }
  if (left.aborted) throw goesOn(newest);
  throw new Failure('PlatformUnavailable', 'Slipway was stopped before the deployment ended', {
    fix: 'Start it again with `slipway start`: it resumes the deployment.',
  });
}

const NEVER = new AbortController().signal;

function goesOn(newest: DeploymentEvent | undefined): Failure {
  const { model = 'MODEL' } = newest?.detail ?? {};
  const what = newest ? `the deployment of ${nameOf(newest.detail)}` : 'the deployment';
  return new Failure('PlatformUnavailable', `${what} goes on, and is no longer followed here`, {
    fix: `\`slipway status\` says how it stands; \`slipway abort ${model}\` gives it up.`,
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
