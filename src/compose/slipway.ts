import { bounded } from '#adapters/aws/bounded.ts';
import type { Control, Input } from '#control/operation.ts';
import type { everywhere } from '#control/operations.ts';
import type { CursoredEvent } from '#control/streams.ts';
import type { BuildProgress } from '#domain/build/build-progress.ts';
import type { SmokeTest } from '#domain/build/image.ts';
import type { BuildProof } from '#domain/build/proof.ts';
import type {
  Approval,
  Damage,
  DroppedBy,
  GoldenProof,
  PromotionRecord,
  Trouble,
} from '#domain/deployment.ts';
import type { SlipwayEvent } from '#domain/event.ts';
import type { Phase } from '#domain/phase.ts';
import type { TimedOption } from '#domain/placement/cold-start.ts';
import type { Release } from '#domain/promotion/release.ts';
import type { WallsReport } from '#domain/walls.ts';

type Requests = Control<typeof everywhere>;

/** What differs between one machine and an account. */
type Deps = Acting & {
  readonly bucket: string;
  readonly endpoint: (model: string) => string;
  /** What ails a live version now. */
  readonly alerts: (live: ModelVersion) => Promise<readonly Damage[]>;
  /** What was dropped and is no version. */
  readonly untaken: () => Promise<Parameters<typeof refusedDrops>[1]>;
  readonly logs: () => ModelLogs;
  readonly builds: Acting['builds'];
  readonly listBuilds: () => Promise<readonly BuildProgress[]>;
  readonly readEvents: (
    query: Input<(typeof everywhere)['readEvents']>,
    signal: AbortSignal,
  ) => Promise<AsyncGenerator<CursoredEvent, void>>;
  readonly objects: (prefix: string) => Promise<readonly string[]>;
  readonly remove: (key: string) => Promise<void>;
  /** Who answers a promotion, who says so; an account knows its caller better. */
  readonly answeredBy: (said: string) => Promise<string>;
};

/** A model: its live version and endpoint, the versions that ever went live, newest first, and the state of its newest deployment. */
export type ModelStatus = {
  readonly name: string;
  readonly endpoint: string;
  readonly live: VersionStatus | null;
  readonly versions: readonly VersionStatus[];
  readonly newest: {
    readonly id: string;
    readonly version: number | null;
    readonly phase: Phase | string;
    /** What a candidate that nothing has been started for waits for; null for any other. */
    readonly waitsFor: string | null;
    readonly trouble: Trouble | null;
    readonly droppedBy?: DroppedBy;
  } | null;
  /** The consecutive repairs so far, and when (epoch ms) the next may begin if needed; null for fewer than two. */
  readonly repairs: { readonly inARow: number; readonly notBeforeMs: number } | null;
  /** Set when the live version was started but answered no request, and says what would prove it; otherwise null. */
  readonly unproven: string | null;
  /** What ails the live version now: it fails nine in ten requests, or restarts in a loop. Empty in an account, whose alarms tell that. */
  readonly alerts: readonly Damage[];
};

/** The bytes of all objects of a data folder, and of those that `slipway prune` would remove. */
export type Storage = { readonly objectBytes: number; readonly prunableBytes: number };

/** A drop that became no model, by the name that it would have given one: in which state it ended as it came, why, and what to do; `time` is ISO 8601. */
export type RefusedDrop = {
  readonly name: string;
  readonly state: 'Rejected' | 'Ignored';
  readonly reason: string;
  readonly fix: string;
  readonly time: string;
};

/** A version that ever went live: `artifact` is the key of the object that started its deployment, `liveAtMs` (epoch) when it last went live. */
export type VersionEntry = VersionStatus & {
  readonly liveAtMs: number;
  readonly artifact: string;
  readonly droppedBy?: DroppedBy;
};

/**
 * Why a version runs where it runs, and how it was proven; what its deployment did not reach is null or empty.
 * Sizes are in bytes; `image` is null when nothing was built. `shift.done` counts the steps whose bake is over.
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
    readonly droppedBy?: DroppedBy;
  };
  /** What serves it and why, and the build's measurements (milliseconds, bytes); null before the build is planned. */
  readonly runtime: {
    readonly name: string;
    readonly title: string;
    readonly framework: string | null;
    readonly python: string | null;
    readonly packages: readonly string[];
    readonly proof: Pick<BuildProof, 'conversion' | 'importMs' | 'loadMs' | 'peakBytes'> | null;
  } | null;
  /** The machine of CodeBuild that its image is built on; absent on one machine. */
  readonly builtOn?: BuildMachine;
  readonly image: {
    readonly digest: string;
    readonly compressedBytes: number;
    readonly uncompressedBytes: number;
    /** The smoke test in its build. */
    readonly smoke: SmokeTest | null;
  } | null;
  readonly target: string | null;
  readonly options: readonly TimedOption[];
  readonly proof: GoldenProof | null;
  readonly shift: {
    readonly previous: string | null;
    readonly steps: readonly { readonly percent: number; readonly bakeSeconds: number }[];
    readonly done: number;
  } | null;
  /** Where a version comes from that was built elsewhere, and who has approved it. */
  readonly promotion: Pick<
    PromotionRecord,
    'from' | 'digest' | 'proof' | 'needsApproval' | 'approval' | 'signed'
  > | null;
  readonly probes: { readonly sent: number; readonly failed: number } | null;
};

/**
 * The outcome of a request, in a sentence, and the deployment that carries it out or is given up; null when there is nothing to do.
 * `after` is the cursor of that deployment's last event before the request, empty when it had none.
 */
export type Asked = {
  readonly kind: 'nothing' | 'begun' | 'aborted';
  readonly deploymentId: string | null;
  readonly after: string;
  readonly says: string;
};

/** A release that has arrived: the object that describes it, and whether a person is to approve it whatever the stage says. */
export type Promotion = {
  readonly model: string;
  readonly key: string;
  readonly versionId: string;
  readonly needsApproval: boolean;
};

/** What a person says of a promotion; `digest` is what they looked at. `by` names them where the Slipway cannot tell. */
export type PromotionAnswer = {
  readonly version: number;
  readonly verdict: Approval['verdict'];
  readonly digest: string;
  readonly by?: string;
};

/** At most `tail` lines (200 if not said, 10,000 where `sinceMs` is), and of a server's none that was written before `sinceMs` (epoch). */
export type LogsQuery = { readonly tail?: number; readonly sinceMs?: number };

/** The last lines that a model's newest revision wrote, oldest first, each behind its time (ISO 8601) where that is known; `revision` is null when it has none yet, and the lines are those of its build. */
export type ModelLog = { readonly revision: string | null; readonly lines: readonly string[] };

/** The events to read: of a model or a deployment, after a cursor; and whether to wait for new ones. */
export type EventQuery = {
  readonly model?: string;
  readonly deployment?: string;
  readonly after?: string;
  readonly follow: boolean;
};

export type CursoredEvent = { readonly cursor: string; readonly event: SlipwayEvent };

/** One object to upload to the bucket; `file` is null for an empty one. `onSent` gets the bytes uploaded so far. */
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
 * Fails with `InputInvalid` for an unknown model or cursor, `PlatformDenied`, `PlatformThrottled`, `PlatformUnavailable`.
 */
export type Slipway = {
  /** The base of a model's URLs, whether or not it is live. */
  endpoint(model: string): string;
  /** All models, by name. */
  models(): Promise<readonly ModelStatus[]>;
  /** The newest drops that became no model, newest first. */
  refused(): Promise<readonly RefusedDrop[]>;
  /** Null in an account, whose bucket has rules of its own for old versions. */
  storage(): Promise<Storage | null>;
  /** Null in an account, where each model is in a container or a virtual machine of its own. */
  walls(): Promise<WallsReport | null>;
  logs(model: string, query: LogsQuery): Promise<ModelLog>;
  /** The model's versions that ever went live, newest first. */
  versions(model: string): Promise<readonly VersionEntry[]>;
  /** Explains `version`; for null the live version, or the newest deployment when none is live. */
  explain(model: string, version: number | null): Promise<Explanation>;
  /** Makes a kept version live again: `to`, or for null the one that was live before. With null, a deployment under way is aborted instead. */
  rollback(model: string, to: number | null): Promise<Asked>;
  /** Removes all of the model; its history and its artifacts stay. */
  undeploy(model: string): Promise<Asked>;
  /** Gives up the deployment under way. Fails with `PhaseConflict` when its version is already live. */
  abort(model: string): Promise<Asked>;
  /** What another Slipway needs to have a version: `version`, or for null the live one; `place` is what it is called there. */
  release(model: string, version: number | null, place: string): Promise<Release>;
  /** Makes a version live whose files have been brought here. */
  promote(promotion: Promotion): Promise<Asked>;
  /** Approves or refuses a promotion that waits for it. Fails with `PhaseConflict` where none does, or it is another digest's. */
  answer(model: string, answer: PromotionAnswer): Promise<Asked>;
  /** How the builds stand that wait or run, in the order in which they were asked for. */
  builds(): Promise<readonly BuildProgress[]>;
  /** Oldest first, until the record ends or, when following, until the reader stops. */
  events(query: EventQuery): AsyncGenerator<CursoredEvent, void>;
  /** Leaves nothing behind when `signal` ends it. */
  upload(upload: Upload): Promise<Uploaded>;
  /** The keys of the bucket's objects that begin with `prefix`. */
  objects(prefix: string): Promise<readonly string[]>;
  /** Deletes an object from the bucket, but not the versions that deployments use. A no-op when there is none. */
  remove(key: string): Promise<void>;
};
