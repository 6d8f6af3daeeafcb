import type { BuiltImage } from '#domain/build/image.ts';
import type { RuntimeName, ServerPlace } from '#domain/build/runtime.ts';
import { type CapturePlan, captureVariable } from '#domain/capture/plan.ts';
import type { Artifact } from '#domain/deployment.ts';
import type { Accelerator, ExtraColumns } from '#domain/manifest/manifest.ts';
import type { ReplicaScaling } from '#domain/manifest/scaling.ts';
import type { GpuServing } from '#domain/placement/gpu-memory.ts';
import type { Target } from '#domain/placement/target.ts';

/**
 * The definition of a revision: pinned bytes, a runtime, and what each of its replicas gets (1024 `cpuUnits` are one vCPU; `instanceTypes` cheapest first, empty where the target chooses).
 * `allowCpu`: it runs without the GPU it asks for where the target has none.
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
  /** Null where no image is built: then the runtime reads `artifact` from the store. */
  readonly image: BuiltImage | null;
  readonly artifact: Artifact;
  readonly modelFile: string;
  readonly memoryMiB: number;
  readonly cpuUnits: number;
  /** How many requests its server answers side by side however long each takes; null where it answers one after another. */
  readonly requestSlots: number | null;
  /** Whether a function answers as its server writes; absent where it answers whole, and in containers, which always stream. */
  readonly isStreaming?: boolean;
  readonly instanceTypes: readonly string[];
  readonly accelerator: Accelerator | null;
  /** `accelerator` is the one that was chosen where any would do. */
  readonly takesAnyGpu: boolean;
  /** The settings of vLLM; only for models that it serves. */
  readonly gpuServing?: GpuServing;
  readonly allowCpu: boolean;
  readonly scaling: ReplicaScaling;
  readonly startupTimeoutSeconds: number;
  /** How long a replica is expected to take from nothing to ready; absent where that was not estimated. */
  readonly startSeconds?: number;
  readonly extraColumns: ExtraColumns;
  /** How many rows of waiting requests its server may answer in one run; `auto` where its server finds out, absent where it answers each request alone. */
  readonly batchRows?: number | 'auto';
  /** A request that the model answers, as JSON of its protocol and body, which its server shows to people; absent where none is known, or a short one is not. */
  readonly example?: string;
  /** Names besides its own by which OpenAI's API may ask for the model; absent where there are none. */
  readonly aliases?: readonly string[];
  /** The MLflow that wrote the model, which MLflow's clients ask for; of its models alone. */
  readonly mlflowVersion?: string;
  /** Which requests its servers keep; absent where they keep none. */
  readonly capture?: CapturePlan;
};

/** The most that an example and the public keys of `capture` may take together: a function's other variables need the rest of its 4 KB. */
const MOST_VARIABLE_BYTES = 2500;

/** The settings by which its server answers, by the names that the servers in runtimes/ read. */
export function answerEnvironment({
  extraColumns,
  batchRows,
  example,
  aliases,
  mlflowVersion,
  capture,
}: Pick<
  RevisionSpec,
  'extraColumns' | 'batchRows' | 'example' | 'aliases' | 'mlflowVersion' | 'capture'
>): Record<string, string> {
  const kept = capture ? captureVariable(capture) : '';
  // People can do without the example.
  const isShown = example && example.length + kept.length <= MOST_VARIABLE_BYTES;
  return {
    ...(extraColumns === 'refuse' && { EXTRA_COLUMNS: 'refuse' }),
    // A variable of its own: an image from before would not start with another value of BATCH_ROWS.
    ...(batchRows === 'auto'
      ? { BATCHING: 'auto' }
      : batchRows && { BATCH_ROWS: String(batchRows) }),
    ...(isShown && { MODEL_EXAMPLE: example }),
    ...(aliases && { MODEL_ALIASES: aliases.join(',') }),
    ...(mlflowVersion && { MLFLOW_VERSION: mlflowVersion }),
    ...(kept && { CAPTURE: kept }),
  };
}

/** `startMs` is how long its server took to start, where the platform knows that better than the time until this look; null where another look started it, and `fromSpare` that it had been started before anybody asked for it. `isWaiting`: nothing had been started for it when this look at it began, since the target had no room; its time to get ready has not begun. `absent`: never created, or removed. `failed` says why, with the last lines of the model server's log. */
export type RevisionState =
  | { readonly kind: 'absent' }
  | { readonly kind: 'pending'; readonly reason: string; readonly isWaiting?: boolean }
  | { readonly kind: 'ready'; readonly startMs?: number | null; readonly fromSpare?: true }
  | { readonly kind: 'failed'; readonly reason: string; readonly logTail: readonly string[] };

/** At most so many lines, and with `sinceMs` (epoch) none that was written before or at an unknown time. */
export type LogQuery = { readonly lines: number; readonly sinceMs?: number };

/** A line of a server or a build, and when it was written (epoch ms); null where that is not known. */
export type LogLine = { readonly timeMs: number | null; readonly text: string };

export function textsOf(lines: readonly LogLine[]): readonly string[] {
  return lines.map(({ text }) => text);
}

/**
 * One target: where revisions run. A revision is created, then pending, then ready or failed; it carries no traffic until a Router gives it some.
 * Every call is idempotent. `epoch` is the fencing epoch of the model's lease: a change under a lower epoch than the platform has seen for the model fails with `LeaseLost` and changes nothing.
 * Fails with `ArtifactRejected` (a part is gone, or its name is not a relative path), `StorageFull`, `PlatformDenied`, `PlatformThrottled`, `PlatformUnavailable`.
 */
export type Platform = {
  /** Asks for a revision and returns once the request is accepted. Adopts an existing revision, restarts a retired one; fails with `RevisionFailed` for one that another deployment made. */
  create(spec: RevisionSpec, epoch: number): Promise<void>;
  /** Returns as soon as the revision is no longer pending, at the latest with the check that is under way after `waitMs` (0: one check). */
  describe(revision: string, waiting: { readonly waitMs: number }): Promise<RevisionState>;
  /** How long to drain (whole seconds, 0..900) before this revision may be retired: 0 when retiring it stops nothing or no request is in flight. */
  drainSeconds(revision: string): Promise<number>;
  /** Stops the revision once its in-flight requests have ended; it can start again. A no-op for an absent revision. */
  retire(revision: string, epoch: number): Promise<void>;
  /** Removes the revision and everything that was made for it. A no-op for an absent revision. */
  remove(revision: string, epoch: number): Promise<void>;
  /** Removes what is left of a model whose revisions are all removed, except logs that expire by themselves. A no-op when nothing is left. */
  forget(model: string, epoch: number): Promise<void>;
  /** All revisions, including retired ones, each with its model. Resources that Slipway did not make are left out. */
  revisions(): Promise<readonly { readonly revision: string; readonly model: string }[]>;
  /** The last lines of the server's log, oldest first; empty when there are none. */
  logTail(revision: string, query: LogQuery): Promise<readonly LogLine[]>;
};

export type Platforms = Readonly<Record<Target, Platform>>;
