import type { CursoredEvent } from '#compose/slipway.ts';
import type { SlipwayEvent } from '#domain/event.ts';
import { Failure } from '#domain/failure.ts';
import { isTerminal } from '#domain/phase.ts';
import { eventLine } from './event-line.ts';
import { type Output, seconds } from './output.ts';

/** Prints the events of one deployment, with the time since `startedAtMs` (of performance.now()), until it has ended; returns its terminal event. Fails with `PlatformUnavailable` when Slipway stops first. */
export async function followDeployment(
  events: AsyncIterable<CursoredEvent>,
  output: Output,
  startedAtMs: number,
  begun = 'Uploaded',
): Promise<SlipwayEvent> {
  let state = begun;
  const done = output.busy(() => `${seconds(startedAtMs)}  ${state} …`);
  try {
    for await (const { event } of events) {
      if (event['detail-type'] !== 'Deployment State Change') continue;
      output.line(`${seconds(startedAtMs)}  ${eventLine(event)}`);
      state = event.detail.state;
      if (isTerminal(event.detail.state)) return event;
    }
  } finally {
    done();
  }
  throw new Failure('PlatformUnavailable', 'Slipway was stopped before the deployment ended', {
    fix: 'Start it again with `slipway start`: it resumes the deployment.',
  });
}
