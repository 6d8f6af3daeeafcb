import type { BuiltImage } from '#domain/build/image.ts';
import type { RuntimeName, ServerPlace } from '#domain/build/runtime.ts';
import type { Artifact } from '#domain/deployment.ts';
import type { Accelerator, ExtraColumns } from '#domain/manifest/manifest.ts';
import type { Scaling } from '#domain/manifest/scaling.ts';
import type { Target } from '#domain/placement/target.ts';

/**
 * What a revision runs: pinned bytes, a runtime, and what each of its replicas gets (1024 `cpuUnits` are one vCPU; `instanceTypes` cheapest first, empty where the target chooses).
 * `allowCpu`: without the GPU that it asks for it runs all the same, where the target has none.
 */
export type RevisionSpec = {
  readonly revision: string;
  readonly model: string;
  readonly version: number;
  /** Which pays for it; null where its manifest does not say. */
  readonly team: string | null;
  readonly deploymentId: string;
  readonly runtime: RuntimeName;
  readonly server: ServerPlace;
  readonly environmentHash: string;
  /** Null where nothing is built: then the runtime reads `artifact` from the store. */
  readonly image: BuiltImage | null;
  readonly artifact: Artifact;
  readonly modelFile: string;
  readonly memoryMiB: number;
  readonly cpuUnits: number;
  readonly instanceTypes: readonly string[];
  readonly accelerator: Accelerator | null;
  readonly allowCpu: boolean;
  readonly scaling: Scaling;
  readonly startupTimeoutSeconds: number;
  readonly extraColumns: ExtraColumns;
};

/** `absent` was never created or is removed. `failed` says why, with the last lines that the model's server wrote. */
export type RevisionState =
  | { readonly kind: 'absent' }
  | { readonly kind: 'pending'; readonly reason: string }
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly reason: string; readonly logTail: readonly string[] };

/**
 * One target: where revisions run. A revision is created, then pending, then ready or failed; it carries no traffic until a Router gives it some.
 * Every call may be repeated. `epoch` is that of the model's lease: a change under a lower one than the platform has seen for the model is `LeaseLost`, and changes nothing.
 * Fails with `ArtifactRejected` (a part that is gone, or whose name is no relative path), `StorageFull`, `PlatformDenied`, `PlatformThrottled`, `PlatformUnavailable`.
 */
export type Platform = {
  /** Asks for a revision and returns once it is accepted. One that exists already is adopted, a retired one starts again; one that was made by another deployment is `RevisionFailed`. */
  create(spec: RevisionSpec, epoch: number): Promise<void>;
  /** Answers as soon as the revision is no longer pending, at the latest with the look that is under way after `waitMs` (0: one look). */
  describe(revision: string, waiting: { readonly waitMs: number }): Promise<RevisionState>;
  /** How long to drain (whole seconds, 0..900) before this revision may be retired: 0 when nothing of it is stopped or nothing is in flight. */
  drainSeconds(revision: string): Promise<number>;
  /** Stops what runs of it once its requests have ended; it can start again. An absent revision is success. */
  retire(revision: string, epoch: number): Promise<void>;
  /** Takes the revision away with all that was made for it. An absent revision is success. */
  remove(revision: string, epoch: number): Promise<void>;
  /** Takes away what is kept of a model whose revisions are all removed, but for logs that run out by themselves. Nothing there is success. */
  forget(model: string, epoch: number): Promise<void>;
  /** Every revision that is there, retired ones too, with its model. What others made is not named. */
  revisions(): Promise<readonly { readonly revision: string; readonly model: string }[]>;
  /** The last lines its server wrote, oldest first; empty when there are none. */
  logTail(revision: string, lines: number): Promise<readonly string[]>;
};

export type Platforms = Readonly<Record<Target, Platform>>;
