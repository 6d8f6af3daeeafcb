import type { DeploymentRecord } from '#domain/registry/write.ts';
import type { ModelVersion } from './deployment.ts';
import type { Announcement, SlipwayEvent, VersionChange } from './event.ts';

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

/** Announces at `nowMs` (epoch) that the deployment begins to wait, for room on its target or for a target, or with `Provisioning` that its candidate is started after all. Its phase does not change. */
export function announceStart(
  record: DeploymentRecord,
  state: 'Waiting' | 'Provisioning',
  { nowMs, ...words }: Announcement & { readonly nowMs: number },
): Announced {
  const counted = countOne(record);
  const { version } = record.deployment;
  return {
    deployment: counted,
    event: {
      source: 'slipway',
      'detail-type': 'Deployment State Change',
      detail: { ...detail(counted, nowMs, words), version, state },
    },
  };
}

/** Announces a change of a version, as the next event of the deployment that caused it or made it, at `nowMs` (epoch). */
export function announceVersion(
  record: DeploymentRecord,
  { version, revision }: Pick<ModelVersion, 'version' | 'revision'>,
  { state, nowMs, words }: ServerIncident,
): Announced {
  const counted = countOne(record);
  return {
    deployment: counted,
    event: {
      source: 'slipway',
      'detail-type': 'Version State Change',
      detail: {
        ...detail(counted, nowMs, words ?? { reason: WORDS[state](revision) }),
        version,
        state,
      },
    },
  };
}

/** Without `words`, the event has the usual sentence for its state. */
type ServerIncident = {
  readonly state: VersionChange;
  readonly nowMs: number;
  readonly words?: Announcement | undefined;
};

const WORDS: Readonly<Record<VersionChange, (revision: string) => string>> = {
  Retired: (revision) => `${revision} no longer serves; it can start again`,
  Removed: (revision) => `${revision} is gone`,
  Damaged: (revision) => `${revision} cannot be served`,
  Mended: (revision) => `${revision} has its bytes again`,
  Unhealthy: (revision) => `${revision} does not answer as it should`,
  Restarted: (revision) => `a server of ${revision} ended and is started again`,
  OutOfMemory: (revision) => `a server of ${revision} used more memory than it may`,
  Advised: (revision) => `${revision} would cost less, or keep its limits, elsewhere`,
  Overspent: (revision) => `${revision} has cost as much as it may in a month`,
};

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
