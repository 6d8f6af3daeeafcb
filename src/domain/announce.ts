import type { DeploymentRecord } from '#domain/registry/write.ts';
import type { ModelVersion } from './deployment.ts';
import type { Announcement, SlipwayEvent } from './event.ts';

/** An event, and the record of the deployment that counts it. */
export type Announced = {
  readonly deployment: DeploymentRecord;
  readonly event: SlipwayEvent | undefined;
};

/** Announces the phase a deployment has moved to. `RollingBack` makes no event; its outcome does. */
export function announcePhase(record: DeploymentRecord, words: Announcement): Announced {
  const { phase, version, phaseChangedAtMs } = record.deployment;
  if (phase === 'RollingBack') return { deployment: record, event: undefined };
  const counted = countOne(record);
  return {
    deployment: counted,
    event: {
      source: 'slipway',
      'detail-type': 'Deployment State Change',
      detail: { ...detail(counted, phaseChangedAtMs, words), version, state: phase },
    },
  };
}

/** Announces a version's change of state, as the next event of the deployment that caused it, at `nowMs` (epoch). */
export function announceVersion(
  record: DeploymentRecord,
  { version, revision, state }: ModelVersion & { readonly state: 'Retired' | 'Removed' },
  nowMs: number,
): Announced {
  const counted = countOne(record);
  const reason =
    state === 'Retired'
      ? `${revision} no longer serves; it can start again`
      : `${revision} is gone`;
  return {
    deployment: counted,
    event: {
      source: 'slipway',
      'detail-type': 'Version State Change',
      detail: { ...detail(counted, nowMs, { reason }), version, state },
    },
  };
}

function countOne(record: DeploymentRecord): DeploymentRecord {
  return { ...record, sequence: record.sequence + 1 };
}

function detail({ deployment, sequence }: DeploymentRecord, timeMs: number, words: Announcement) {
  return {
    schema: 1,
    eventId: `${deployment.id}-${sequence}`,
    sequence,
    deploymentId: deployment.id,
    model: deployment.model,
    time: new Date(timeMs).toISOString(),
    reason: words.reason ?? '',
    fix: words.fix ?? '',
    data: { ...words.data },
  } as const;
}
