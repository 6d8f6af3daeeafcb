import type { SmokeTest } from '#domain/build/image.ts';
import type { BuildProof } from '#domain/build/proof.ts';
import type { GoldenProof, TargetOption, Trouble } from '#domain/deployment.ts';
import type { SlipwayEvent } from '#domain/event.ts';
import type { Phase } from '#domain/phase.ts';
import type { Build } from '#ports/builds.ts';

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
  /** The repairs that followed one another until now, and when (epoch ms) the next may begin if it is needed; null for fewer than two. */
  readonly repairs: { readonly inARow: number; readonly notBeforeMs: number } | null;
  /** That the live version was started, but answered no request, and what would prove it; null where one did. */
  readonly unproven: string | null;
};

/** A version that went live: `artifact` is the key of the object that started its deployment, `liveAtMs` (epoch) when it last went live. */
export type VersionEntry = VersionStatus & {
  readonly liveAtMs: number;
  readonly artifact: string;
};

/**
 * Why a version runs where it runs, and how it was proven; what its deployment did not come to is null or empty.
 * Sizes are in bytes; `image` is null where nothing was built. `shift.done` counts the steps that were watched to their end.
 */
export type Explanation = {
  readonly model: string;
  readonly version: number | null;
  readonly deploymentId: string;
  readonly phase: Phase | string;
  readonly trouble: Trouble | null;
  readonly artifact: {
    readonly key: string;
    readonly sizeBytes: number;
    readonly format: string | null;
    readonly parameters: number | null;
  };
  /** What serves it and why, and what the build measured of it (milliseconds, bytes); null before it is planned. */
  readonly runtime: {
    readonly name: string;
    readonly title: string;
    readonly framework: string | null;
    readonly python: string | null;
    readonly packages: readonly string[];
    readonly proof: Pick<BuildProof, 'conversion' | 'importMs' | 'loadMs' | 'peakBytes'> | null;
  } | null;
  readonly image: {
    readonly digest: string;
    readonly compressedBytes: number;
    readonly uncompressedBytes: number;
    /** What a start of it took, in its build. */
    readonly smoke: SmokeTest | null;
  } | null;
  readonly target: string | null;
  readonly options: readonly TargetOption[];
  readonly proof: GoldenProof | null;
  readonly shift: {
    readonly previous: string | null;
    readonly steps: readonly { readonly percent: number; readonly bakeSeconds: number }[];
    readonly done: number;
  } | null;
  readonly probes: { readonly sent: number; readonly failed: number } | null;
};

/**
 * What becomes of something that was asked for, in a sentence, and the deployment that does it, or is given up; null when there is nothing to do.
 * `after` is the cursor of that deployment's last event from before, empty when it had none.
 */
export type Asked = {
  readonly kind: 'nothing' | 'begun' | 'aborted';
  readonly deploymentId: string | null;
  readonly after: string;
  readonly says: string;
};

/** The last lines that a model's newest revision wrote, oldest first; `revision` is null when it has none yet. */
export type ModelLog = { readonly revision: string | null; readonly lines: readonly string[] };

/** How a build stands, with the last lines that it wrote, oldest first. */
export type BuildProgress = Omit<Build, 'log'> & { readonly lines: readonly string[] };

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
  /** The newest build of a deployment; null when it has none, or one that is over and forgotten. */
  build(deploymentId: string): Promise<BuildProgress | null>;
  /** The model's versions that went live, newest first. */
  versions(model: string): Promise<readonly VersionEntry[]>;
  /** Of `version`, or of the live one, or where none is live of the newest deployment. */
  explain(model: string, version: number | null): Promise<Explanation>;
  /** Puts a kept version back: `to`, or the one that was live before. A deployment under way is aborted instead, unless `to` says which. */
  rollback(model: string, to: number | null): Promise<Asked>;
  /** Takes all of the model away; its history and its artifacts stay. */
  undeploy(model: string): Promise<Asked>;
  /** Gives up the deployment that is under way. Fails with `PhaseConflict` when its version is live already. */
  abort(model: string): Promise<Asked>;
  /** Oldest first, until the record ends or, when following, until the reader stops. */
  events(query: EventQuery): AsyncGenerator<CursoredEvent, void>;
  /** Leaves nothing behind when `signal` ends it. */
  upload(upload: Upload): Promise<Uploaded>;
  /** The keys of the bucket's objects that begin with `prefix`. */
  objects(prefix: string): Promise<readonly string[]>;
  /** Takes an object out of the bucket, but not the versions that deployments were made of. Nothing there is success. */
  remove(key: string): Promise<void>;
};
