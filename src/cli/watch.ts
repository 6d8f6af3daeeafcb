import type { Slipway } from '#control/slipway.ts';
import { isTerminal } from '#domain/phase.ts';
import { untilAborted } from '#operations/until-aborted.ts';
import { lookAtBuilds } from './build-look.ts';
import { type DeploymentEvent, runningOf } from './follow.ts';
import type { Output, Room } from './output.ts';
import { shortEventLine } from './views/event-line.ts';
import { liveLines } from './views/live-lines.ts';

type Options = {
  readonly output: Output;
  /** Since when (epoch ms) what happens to a model is news. */
  readonly sinceMs: (model: string) => number;
  /** Aborted when Slipway is about to stop: that its events break off then is no news. */
  readonly until: AbortSignal;
};

type EventQuery = Parameters<Slipway['readEvents']>[0];

type Seen = { readonly event: DeploymentEvent; readonly sinceMs: number };

/**
 * Shows the deployments of all models until their events end, or `until`: on a terminal a live line for each that runs and a plain one when it has ended,
 * elsewhere a plain line for each change.
 */
export async function watchDeployments(
  slipway: Pick<Slipway, 'readEvents' | 'listBuilds' | 'endpoint'>,
  { output, sinceMs, until }: Options,
): Promise<void> {
  const running = new Map<string, Seen>();
  const isBuilding = () => [...running.values()].some(({ event }) => stateOf(event) === 'Building');
  using look = lookAtBuilds(slipway.listBuilds, () => output.room() !== null && isBuilding());
  const draw = (room: Room) => {
    const shown = [...running.values()].map((seen) => runningOf(seen.event, seen.sinceMs, look.of));
    return liveLines(shown, Date.now(), room);
  };

  /** Earlier events are read too: they tell since when a deployment has been running. */
  function see(event: DeploymentEvent): void {
    const { deploymentId, model, time } = event.detail;
    const timeMs = Date.parse(time);
    const seen = { event, sinceMs: running.get(deploymentId)?.sinceMs ?? timeMs };
    const isOver = isTerminal(stateOf(event));
    if (isOver) running.delete(deploymentId);
    else running.set(deploymentId, seen);
    if (timeMs >= sinceMs(model) && (isOver || output.room() === null)) tell(seen);
  }

  function tell({ event, sinceMs }: Seen): void {
    const { model, state, time } = event.detail;
    const tookMs = Date.parse(time) - sinceMs;
    const endpoint = state === 'Live' ? slipway.endpoint(model) : '';
    output.line(shortEventLine(event, { tookMs, endpoint, columns: output.room()?.columns }));
    output.data(event);
  }

  async function* opened(query: EventQuery) {
    yield* await slipway.readEvents(query);
  }

  async function read(query: EventQuery): Promise<string> {
    let last = query.after ?? '';
    for await (const { cursor, event } of untilAborted(opened(query), until)) {
      if (event['detail-type'] === 'Deployment State Change') see(event);
      last = cursor;
    }
    return last;
  }

  // Nothing is drawn until all that came before is read: what ended long ago would be shown as if it ran.
  const after = await read({ follow: false });
  const done = output.busy(draw);
  try {
    await read({ follow: true, after });
  } finally {
    done();
  }
}

function stateOf({ detail }: DeploymentEvent): DeploymentEvent['detail']['state'] {
  return detail.state;
}
