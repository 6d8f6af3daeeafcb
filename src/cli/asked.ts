import type { Asked, Slipway } from '#compose/slipway.ts';
import type { SlipwayEvent } from '#domain/event.ts';
import { followDeployment } from './follow.ts';
import type { Output } from './output.ts';

type Carried = { readonly slipway: Slipway; readonly model: string; readonly output: Output };

/** Asks for something, follows it to its end, and says what is live then. False when it did not come to what was asked for. */
export async function carryOut(
  { slipway, model, output }: Carried,
  ask: () => Promise<Asked>,
): Promise<boolean> {
  const startedAtMs = performance.now();
  const { kind, deploymentId, after, says } = await ask();
  output.line(says);
  const events = deploymentId && slipway.events({ deployment: deploymentId, after, follow: true });
  const end = events
    ? await followDeployment(events, { output, startedAtMs, begun: 'Asked', build: slipway.build })
    : null;
  const live = (await slipway.versions(model)).find(({ state }) => state === 'Live') ?? null;
  output.line(
    live
      ? `${model} v${live.version} is live on ${live.target}  ${slipway.endpoint(model)}`
      : `nothing of ${model} is live`,
  );
  output.data({ says, end, live });
  return end === null || isAsWished(kind, end);
}

function isAsWished(kind: Asked['kind'], { detail }: SlipwayEvent): boolean {
  return kind === 'aborted'
    ? detail.state !== 'Live' && detail.data['degraded'] !== true
    : detail.state === 'Live' || detail.state === 'Undeployed';
}
