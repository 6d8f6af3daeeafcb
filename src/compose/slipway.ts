import type { Trouble } from '#domain/deployment.ts';
import type { SlipwayEvent } from '#domain/event.ts';
import type { Phase } from '#domain/phase.ts';

export type VersionStatus = {
  readonly version: number;
  readonly revision: string;
  readonly state: string;
  readonly target: string;
};

/** A model: what is live under its endpoint, its versions that went live, newest first, and how its newest deployment stands. */
export type ModelStatus = {
  readonly name: string;
  readonly endpoint: string;
  readonly live: VersionStatus | null;
  readonly versions: readonly VersionStatus[];
  readonly newest: {
    readonly id: string;
    readonly version: number | null;
    readonly phase: Phase | string;
    readonly trouble: Trouble | null;
  } | null;
};

/** The last lines that a model's newest revision wrote, oldest first; `revision` is null when it has none yet. */
export type ModelLog = { readonly revision: string | null; readonly lines: readonly string[] };

/** Which events to read: those of a model or a deployment, after a cursor, and whether to wait for the ones to come. */
export type EventQuery = {
  readonly model?: string;
  readonly deployment?: string;
  readonly after?: string;
  readonly follow: boolean;
};

export type CursoredEvent = { readonly cursor: string; readonly event: SlipwayEvent };

/** One object to put in the bucket; `file` is null for an empty one. `onSent` is told the bytes that are there so far. */
export type Upload = {
  readonly key: string;
  readonly file: string | null;
  readonly signal: AbortSignal;
  readonly onSent: (bytes: number) => void;
};

/** `deploymentId` is null when the key starts no deployment. */
export type Uploaded = {
  readonly key: string;
  readonly versionId: string;
  readonly sizeBytes: number;
  readonly deploymentId: string | null;
};

/**
 * A Slipway as its users see it, wherever it runs: on this machine, or in an AWS account.
 * Fails with `InputInvalid` for a model or cursor that is not there, `PlatformDenied`, `PlatformThrottled`, `PlatformUnavailable`.
 */
export type Slipway = {
  /** The base of a model's URLs, whether it is live or not. */
  endpoint(model: string): string;
  /** All models, by name. */
  models(): Promise<readonly ModelStatus[]>;
  logs(model: string): Promise<ModelLog>;
  /** Oldest first, until the record ends or, when following, until the reader stops. */
  events(query: EventQuery): AsyncGenerator<CursoredEvent, void>;
  /** Leaves nothing behind when `signal` ends it. */
  upload(upload: Upload): Promise<Uploaded>;
};
