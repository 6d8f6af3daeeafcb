import type { VersionChange } from './event.ts';

/** What befalls the servers of a version that serves: it hangs or fails its requests, a server ended by itself, or one used more memory than it may. */
export type IncidentState = Extract<VersionChange, 'Unhealthy' | 'Restarted' | 'OutOfMemory'>;

/** An incident, for its event; `data` holds numbers and names for programs. */
export type Incident = {
  readonly state: IncidentState;
  readonly reason: string;
  readonly fix: string;
  readonly data: Readonly<Record<string, unknown>>;
};

/** How long a version's incidents of one kind are told by one event: four an hour of each kind, however often a server restarts. */
export const INCIDENT_QUIET_MS: number = 15 * 60_000;
