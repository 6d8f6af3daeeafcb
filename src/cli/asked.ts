import type { Asked, VersionEntry } from '#control/models.ts';
import type { Slipway } from '#control/slipway.ts';
import type { SlipwayEvent } from '#domain/event.ts';
import { failureName } from '#domain/failure.ts';
import type { DeploymentState } from '#domain/phase.ts';
import { followDeployment } from './follow.ts';
import { onInterrupt } from './interrupt.ts';
import type { Output } from './output.ts';

type Carried = {
  readonly slipway: Slipway;
  readonly model: string;
  readonly output: Output;
  /** Where what was asked for is done as far as the caller can have it. */
  readonly upTo?: DeploymentState;
};

/** The outcome of a request; `nothing` where there was nothing to do. */
export type Outcome = 'done' | 'nothing' | 'failed';

/** Asks for something, follows it to its end, and says what is live then. */
export async function carryOut(
  { slipway, model, output, upTo }: Carried,
  ask: () => Promise<Asked>,
): Promise<Outcome> {
  const startedAtMs = performance.now();
  const { kind, deploymentId, after, says } = await ask();
  output.line(says);
  const { listBuilds } = slipway;
  const events =
    deploymentId && (await slipway.readEvents({ deployment: deploymentId, after, follow: true }));
  using interrupt = onInterrupt();
  const end = events
    ? await followDeployment(events, {
        output,
        startedAtMs,
        begun: 'Asked',
        listBuilds,
        left: interrupt.signal,
        ...(upTo && { upTo }),
      })
    : null;
  const { versions } = await slipway.listVersions({ name: model }).catch(unlessUnknown);
  const live = versions.find(({ state }) => state === 'Live') ?? null;
  output.line(
    live
      ? `${model} v${live.version} is live on ${live.target}  ${slipway.endpoint(model)}`
      : `nothing of ${model} is live`,
  );
  output.data({ kind, says, end, live });
  if (end === null) return 'nothing';
  return end.detail.state === upTo || isAsWished(kind, end) ? 'done' : 'failed';
}

/** A first promotion that is rejected makes no model. */
function unlessUnknown(error: unknown): { readonly versions: readonly VersionEntry[] } {
  if (failureName(error) === 'InputInvalid') return { versions: [] };
  throw error;
}

function isAsWished(kind: Asked['kind'], { detail }: SlipwayEvent): boolean {
  return kind === 'aborted'
    ? detail.state !== 'Live' && detail.data['degraded'] !== true
    : ['Live', 'Ignored', 'Undeployed'].includes(detail.state);
}
