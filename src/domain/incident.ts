import type { VersionChange } from './event.ts';

/** An incident of a live version's servers: the version hangs or fails its requests, a server ended by itself, or one used more memory than it may. */
export type IncidentState = Extract<VersionChange, 'Unhealthy' | 'Restarted' | 'OutOfMemory'>;

/** An incident, for its event; `data` holds numbers and names for programs. */
export type Incident = {
  readonly state: IncidentState;
  readonly reason: string;
  readonly fix: string;
  readonly data: Readonly<Record<string, unknown>>;
};

/** How long one event covers a version's incidents of one kind: at most four events an hour of each kind, however often a server restarts. */
export const INCIDENT_QUIET_MS: number = 15 * 60_000;
