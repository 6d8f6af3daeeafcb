import type { ServerEnd } from '#adapters/local/revisions/revision.ts';
import type { Damage } from '#domain/deployment.ts';
import { INCIDENT_QUIET_MS, type Incident, type IncidentState } from '#domain/incident.ts';
import type { Clock } from '#ports/clock.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import type { Registry } from '#ports/registry.ts';

type Of = Pick<RevisionSpec, 'model' | 'version' | 'revision' | 'deploymentId'>;

/** Reports the incidents of versions' servers as events: the first of a kind at once, and those of the next 15 minutes by their number with the next event. */
export type Incidents = {
  ended(of: Of, end: ServerEnd): void;
  /** The fault in a live version's answers. */
  unhealthy(of: Of, damage: Damage): void;
};

type Deps = {
  readonly registry: Pick<Registry, 'noteIncident'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly onProblem: (error: unknown) => void;
};

const STATES: Readonly<Record<ServerEnd['cause'], IncidentState>> = {
  memory: 'OutOfMemory',
  hang: 'Unhealthy',
  crash: 'Restarted',
};

export function incidents({ registry, clock, onProblem }: Deps): Incidents {
  // The last event of each revision and kind, and the number of incidents since.
  const told = new Map<string, { readonly atMs: number; untold: number }>();

  function tell(of: Of, incident: Omit<Incident, 'data'>, cause: string): void {
    const key = `${of.revision} ${incident.state}`;
    const [last, nowMs] = [told.get(key), clock.monotonicMs()];
    if (last && nowMs - last.atMs < INCIDENT_QUIET_MS) {
      last.untold += 1;
      return;
    }
    const times = (last?.untold ?? 0) + 1;
    told.set(key, { atMs: nowMs, untold: 0 });
    const often = times > 1 ? `; ${times} times since the last event of this kind` : '';
    const reason = incident.reason + often;
    void registry
      .noteIncident(of, { ...incident, reason, data: { cause, times } })
      .catch(onProblem);
  }

  return {
    ended(of, { cause, reason }) {
      tell(of, { state: STATES[cause], reason, fix: FIXES[cause](of.model) }, cause);
    },
    unhealthy: (of, damage) => tell(of, { state: 'Unhealthy', ...damage }, 'answers'),
  };
}

const again = (model: string) =>
  `\`slipway logs ${model}\` says more; \`slipway rollback ${model}\` makes the version before live again.`;

const FIXES: Readonly<Record<ServerEnd['cause'], (model: string) => string>> = {
  memory: (model) =>
    `Give it more in model.yaml (resources: { memory: 2Gi }) and upload it again; or \`slipway rollback ${model}\`.`,
  hang: again,
  crash: again,
};
