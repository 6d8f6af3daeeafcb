import type { ArtifactFacts } from '#domain/artifact/facts.ts';
import type { BuiltImage } from '#domain/build/image.ts';
import type { Measurement } from '#domain/build/measurement.ts';
import type { PythonEnvironment } from '#domain/build/python-environment.ts';
import type { RuntimeName } from '#domain/build/runtime.ts';
import type { Comparison } from '#domain/comparison/comparison.ts';
import { EXAMPLES_FILE } from '#domain/comparison/examples-file.ts';
import type { Accelerator, Manifest } from '#domain/manifest/manifest.ts';
import type { PlacedOption, Question } from '#domain/placement/demand.ts';
import type { GpuServing } from '#domain/placement/gpu-memory.ts';
import type { Learnt } from '#domain/placement/learnt.ts';
import type { Spent } from '#domain/placement/spending.ts';
import type { Placement, RevisionRef, Target } from '#domain/placement/target.ts';
import type { Finding, JudgedBy } from '#domain/rollout/bake-finding.ts';
import type { GoldenSample } from '#domain/rollout/golden-request.ts';
import { sha256Hex } from './hash.ts';
import type { Phase } from './phase.ts';

/** One file of an artifact, pinned to one version: later reads name the version, so an overwrite changes nothing. `name` is relative to the artifact. */
export type ArtifactPart = {
  readonly name: string;
  readonly key: string;
  readonly versionId: string;
  readonly sizeBytes: number;
  readonly checksum: string;
};

/**
 * Who dropped an artifact. `requester` is the store's record: in an account the id of the account that wrote the object, or a service's principal; on one machine the owner of the file.
 * `address` is the source of the request, and `requestId` names it: CloudTrail's record of the same `requestID` has the role and its session.
 * `claims` is the uploader's own statement, written beside the object: nobody has verified it.
 */
export type DroppedBy = {
  readonly requester?: string;
  readonly address?: string;
  readonly requestId?: string;
  readonly claims?: string;
};

/** The artifact that a deployment deploys. `key` and `versionId` identify the object whose arrival started it; `manifest` is the pinned `model.yaml` or sidecar, null when there is none. */
export type Artifact = {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
  readonly parts: readonly ArtifactPart[];
  readonly manifest: ArtifactPart | null;
  readonly droppedBy?: DroppedBy;
};

/** The newest wins: by `sequencer` within one key; across a model's keys by `lastModifiedMs` (epoch), then by version id. */
export type ArtifactOrder = {
  readonly key: string;
  readonly versionId: string;
  readonly sequencer: string;
  readonly lastModifiedMs: number;
};

/** The artifact's description of itself: facts read from its bytes, and its manifest (an empty one if it has none). */
export type Inspection = { readonly facts: ArtifactFacts; readonly manifest: Manifest };

/** How the artifact will be served: by `runtime`, unless a build converts it. `environmentHash` identifies the runtime as installed, `python` the packages besides the server (null where it takes none), `imageTag` the image to build from environment and artifact (null where no image is built). */
export type BuildPlan = {
  readonly runtime: RuntimeName;
  readonly environmentHash: string;
  readonly python: PythonEnvironment | null;
  readonly imageTag: string | null;
  /** The compute type of CodeBuild that builds its image; absent on one machine, and where nothing is built. */
  readonly machine?: string;
  /** The GPU that it will get, where its manifest names none and it needs one. */
  readonly accelerator?: Accelerator;
};

/**
 * Why a target was taken or refused, and the resources of a replica there: memory (MiB), CPU (1024 units are one vCPU), and the EC2 types it may run on, cheapest first.
 * `monthlyUsd` is the idle cost, null where it is unknown.
 */
export type TargetOption = {
  readonly target: Target;
  readonly taken: boolean;
  readonly memoryMiB: number;
  readonly cpuUnits: number;
  readonly instanceTypes: readonly string[];
  readonly monthlyUsd: number | null;
  readonly reason: string;
  /** The GPU there, and vLLM's settings for it; present where it gets one. */
  readonly accelerator?: Accelerator;
  readonly serving?: GpuServing;
};

/**
 * The weighing of a placement by its bill: the question, whether its demand is a guess or learnt from so many days, and every option, the choice first.
 * The choice is the first option where that has no refusals; else nothing keeps all limits, and the order of idle cost decided.
 */
export type Weighing = {
  readonly question: Question;
  readonly isGuess: boolean;
  /** Absent where the demand was not learnt. */
  readonly learntDays?: number;
  /** The most replicas that a known demand may have, null for no limit; present where a guess was limited to the manifest's. */
  readonly mostLater?: number | null;
  readonly options: readonly PlacedOption[];
};

/**
 * The decision record: the target with the resources of a replica, and every option. `weighing` is present where the build measured the model and a bill decided.
 * `startSeconds` is how long a replica was expected to take from nothing to ready; absent in records from before.
 * `scaling` has the replicas in containers for the demand, where the manifest does not say them: the most, and the requests a minute of each.
 */
export type TargetDecision = Placement & {
  readonly memoryMiB: number;
  readonly cpuUnits: number;
  readonly instanceTypes: readonly string[];
  readonly accelerator?: Accelerator;
  readonly serving?: GpuServing;
  readonly options: readonly TargetOption[];
  readonly weighing?: Weighing;
  readonly startSeconds?: number;
  /** Present where a cap limited what the model may cost in a month. */
  readonly maxMonthlyUsd?: number;
  readonly scaling?: { readonly max?: number; readonly requestsPerMinute: number };
};

/**
 * The wait of a model that needs a container where the stack has none: the `target` it would get, and the cost of that in USD a month, without requests.
 * `modelUsd` is null in records of an earlier Slipway that left the instance to ECS. The deployment waits until `untilMs` (epoch), which is never extended.
 */
export type AwaitedContainers = {
  readonly target: Target;
  readonly modelUsd: number | null;
  readonly stackUsd: number;
  readonly reason: string;
  readonly untilMs: number;
};

/** The candidate's revision, the deployment that first made it (another one for a restarted version), and its deadline (epoch ms) to get ready. */
export type Candidate = RevisionRef & {
  readonly madeBy: string;
  /** The deployment's attempt that set the deadline: an execution that takes over from a dead one resets it. */
  readonly attempt: number;
  readonly createdAtMs: number;
  readonly readyByMs: number;
  /** Why nothing has been started for it yet, as a sentence; its time to get ready begins with the start. */
  readonly waitsFor?: string;
  /** How long its start took (ms), absent until it is ready, and where that says nothing about other starts. */
  readonly startMs?: number;
  /** Whether a spare server took the model, which had been started before; only on one machine. */
  readonly fromSpare?: true;
};

/**
 * The proof of a version, stored with it: its probes send the same sample again. The sample is `readiness` when no request could be made for it; `warning` is empty when the answer proved everything.
 * `of` is the version that the sample comes from, if not this one: the version that was live.
 */
export type GoldenProof = {
  readonly sample: GoldenSample | 'readiness';
  readonly of?: { readonly deploymentId: string; readonly revision: string };
  readonly warning: string;
  readonly latencyMs: number;
};

/** Traffic shares of a model's revisions: integer weights 0..999; a share is weight / sum. A revision that is not listed has no traffic. */
export type Shares = Readonly<Record<string, number>>;

/** One step of a shift: the candidate's share (percent), and how long it is watched at that share. */
export type ShiftStep = { readonly percent: number; readonly bakeSeconds: number };

/**
 * The move of traffic; each step is recorded before it is made. `previous` is the revision that was live, null for a first deployment.
 * `step` is the index in `steps` of the current step, `after` its shares; `intendedAtMs` (epoch) is when the `attempt`th execution began it.
 */
export type Shift = {
  readonly previous: RevisionRef | null;
  readonly steps: readonly ShiftStep[];
  readonly step: number;
  readonly before: Shares;
  readonly after: Shares;
  readonly attempt: number;
  readonly intendedAtMs: number;
};

/**
 * The watch after a step of the shift: its start (epoch ms), its length, and the results of Slipway's own probes of the candidate.
 * `latenciesMs` are the latencies of the candidate's answered probes; `previousLatenciesMs` those of the previous revision's, which alternate with them. `isOver` when the next step is due.
 * `looks` counts how often the shift was judged, in all its steps and by every execution; absent in records from before they were counted.
 */
export type BakeRecord = {
  readonly startedAtMs: number;
  readonly bakeSeconds: number;
  readonly probesSent: number;
  readonly probesFailed: number;
  readonly lastFailure: string;
  readonly latenciesMs: readonly number[];
  readonly previousLatenciesMs: readonly number[];
  readonly isOver: boolean;
  readonly looks?: number;
  /** The finding of each judge at the last look; absent before the first. */
  readonly judges?: JudgedBy;
  /** The finding on the answers that clients got, made once the time of this step is over. */
  readonly answers?: Finding;
  /** The manifest's alarms whose state could not be read. */
  readonly unknownAlarms?: readonly string[];
};

/** A resource, recorded before it was made so that it can be undone: a `revision` is removed, a `restart` of a kept one is retired again. */
export type Intent = {
  readonly kind: 'revision' | 'restart';
  readonly name: string;
  readonly target: Target;
};

/** A failure, as its event will report it. `fix` is empty when the user can do nothing. */
export type Trouble = {
  readonly name: string;
  readonly reason: string;
  readonly fix: string;
};

/** The candidate keeps the traffic after a rollback, because it answered and the live version did not; `reason` is the live version's failure. */
export type Kept = { readonly revision: string; readonly live: string; readonly reason: string };

/** When (epoch ms) the `attempt`th execution began to remove a model's route. */
export type Removal = { readonly attempt: number; readonly sinceMs: number };

/** A person's answer to a promotion, or to the gate: whether it may go live, and for which digest they said so (for the gate, which revision); `by` names them, `atMs` is an epoch. `isForced`: they said that it is broken. */
export type Approval = {
  readonly verdict: 'approved' | 'refused';
  readonly digest: string;
  readonly by: string;
  readonly atMs: number;
  readonly isForced?: boolean;
};

/** The key that signed a promoted version (its fingerprint), and who released the version when (epoch), as the signed statement says. */
export type SignedRelease = { readonly key: string; readonly by: string; readonly atMs: number };

/**
 * The origin of a promoted version, and its identity. `digest` names its bytes: those of its image, or of its artifact where it has no image.
 * `proof` is the proof that it passed there; `approval` is null until a person has answered.
 * `signed` is null where no signature was required, and absent in records from before there were signatures.
 */
export type PromotionRecord = {
  readonly from: {
    readonly place: string;
    readonly version: number;
    readonly deploymentId: string;
  };
  readonly digest: string;
  readonly proof: GoldenProof | null;
  readonly needsApproval: boolean;
  readonly approval: Approval | null;
  readonly signed?: SignedRelease | null;
};

/** The move of a live version: the demand that it is placed for, and the target that it leaves. */
export type Moved = { readonly learnt: Learnt; readonly target: Target };

/** The results of the steps so far. A step that finds its own entry returns it and does not repeat its work. */
export type DeploymentWork = {
  readonly promotion?: PromotionRecord;
  readonly moved?: Moved;
  readonly inspection?: Inspection;
  readonly plan?: BuildPlan;
  readonly image?: BuiltImage;
  /** The log of the build that failed, as `BuildLog` names it. */
  readonly buildLog?: { readonly group: string; readonly stream: string };
  /** Its current or past wait, before a target was decided. */
  readonly awaits?: AwaitedContainers;
  readonly decision?: TargetDecision;
  readonly candidate?: Candidate;
  readonly golden?: GoldenProof;
  readonly comparison?: Comparison;
  /** A person's answer where the gate asked for one. */
  readonly clearance?: Approval;
  readonly shift?: Shift;
  readonly bake?: BakeRecord;
  readonly removal?: Removal;
  readonly kept?: Kept | null;
};

/** The work of a deployment: deploy a new version from an upload or from another Slipway, make a kept version live again, repair the live one, or remove all of a model. */
export type DeploymentKind = 'deploy' | 'promote' | 'rollback' | 'repair' | 'undeploy';

/** Whether it brings a new version of the model. The newest upload replaces one that has not begun. */
export function bringsVersion(kind: DeploymentKind): boolean {
  return kind === 'deploy' || kind === 'promote';
}

/**
 * One run of a workflow, as the registry keeps it.
 * `version` is assigned at admission and never re-used, except when a version is made live again; null when admission ended the deployment, no model is named, or a model is undeployed. `order` is null when the deployment was refused before it was compared.
 * `endedAtMs` (epoch) is null while the workflow still has work to do: after `Live` it retires the previous version.
 */
export type Deployment = {
  readonly id: string;
  readonly kind: DeploymentKind;
  readonly model: string;
  readonly version: number | null;
  readonly phase: Phase;
  readonly artifact: Artifact;
  readonly order: ArtifactOrder | null;
  readonly execution: string;
  readonly attempt: number;
  readonly admittedAtMs: number;
  readonly phaseChangedAtMs: number;
  readonly endedAtMs: number | null;
  readonly work: DeploymentWork;
  readonly intents: readonly Intent[];
  readonly trouble: Trouble | null;
};

/** Whether it moves a version that is not the live one. */
export function movesAnother(
  { work: { moved, promotion } }: Pick<Deployment, 'work'>,
  live: ModelVersion | null,
): boolean {
  return moved !== undefined && promotion?.from.deploymentId !== live?.deploymentId;
}

/** `Live` serves, `Retired` no longer serves but can start again, `Removed` is gone. */
export type VersionState = 'Live' | 'Retired' | 'Removed';

/** Why a version's bytes can no longer be served, and what to do. */
export type Damage = { readonly reason: string; readonly fix: string };

/** The advice to place a version elsewhere: why, what to do, the option to take in a few words, and what that saves (USD a month; 0 where it costs more, but keeps a limit that is broken now). */
export type Advice = {
  readonly reason: string;
  readonly fix: string;
  readonly to: string;
  readonly savesUsd: number;
};

/** `deploymentId` is the deployment that made it. `damage` is present while its bytes differ from those that it was deployed with, `advice` while it would better be placed elsewhere. `tags` are the names that its owner gave it, in their order. `measured` is what its own server took once it was live, where no build had measured it. */
export type ModelVersion = RevisionRef & {
  readonly model: string;
  readonly version: number;
  readonly deploymentId: string;
  readonly state: VersionState;
  /** When it last went live (epoch). */
  readonly liveAtMs: number;
  readonly damage?: Damage;
  readonly advice?: Advice;
  readonly tags?: readonly string[];
  readonly measured?: Measurement;
};

/** A model's consecutive repairs, and when (epoch ms) the last was requested. */
export type Repairs = { readonly inARow: number; readonly lastAtMs: number };

/** A named model: its live version or null, the newest deployment admitted for it, the repairs since it was last deployed, and the deployment that was the newest at its last undeploy request. */
export type Model = {
  readonly name: string;
  readonly live: ModelVersion | null;
  readonly newestDeploymentId: string;
  readonly repairs?: Repairs;
  readonly undeployedWith?: string;
  /** The cost of its requests in a month, where the stack has a cap. */
  readonly spent?: Spent;
};

const ID_HEX_DIGITS = 32;

/** The deployment id of one object version: the first 32 hex digits of sha256(bucket, key, versionId), so that every delivery of its event names the same deployment. */
export async function deploymentId(
  bucket: string,
  key: string,
  versionId: string,
): Promise<string> {
  const hash = await sha256Hex(JSON.stringify([bucket, key, versionId]));
  return hash.slice(0, ID_HEX_DIGITS);
}

/** Positive when `a` is newer than `b`. Sequencers are hexadecimal, the shorter padded with zeros on its right. They cannot be compared across keys, and an upload found by listing the store has no sequencer. */
export function compareOrder(a: ArtifactOrder, b: ArtifactOrder): number {
  const length = Math.max(a.sequencer.length, b.sequencer.length);
  const bySequencer =
    a.key === b.key && a.sequencer && b.sequencer
      ? compareText(a.sequencer.padEnd(length, '0'), b.sequencer.padEnd(length, '0'))
      : 0;
  return (
    bySequencer || a.lastModifiedMs - b.lastModifiedMs || compareText(a.versionId, b.versionId)
  );
}

/** True when both hold the same bytes under the same names, including the manifest, judged by size and the store's checksum. */
export function isSameArtifact(a: Artifact, b: Artifact): boolean {
  return content(a) === content(b);
}

/** Whether a file is part of the model: the examples beside it are not, which only the gate reads. */
export function isOfModel({ name }: Pick<ArtifactPart, 'name'>): boolean {
  return name !== EXAMPLES_FILE;
}

/** True when both serve the same model file in the same environment, whatever their manifests and examples say. */
export function isSameModel(a: Pick<Deployment, 'artifact' | 'work'>, b: typeof a): boolean {
  return servedContent(a) === servedContent(b);
}

/** Names the model file and the environment that serves it: the same for every deployment of them. */
export function servedContent({ artifact, work }: Pick<Deployment, 'artifact' | 'work'>): string {
  const parts = artifact.parts.filter(isOfModel);
  return JSON.stringify([
    content({ ...artifact, manifest: null, parts }),
    work.plan?.environmentHash,
  ]);
}

function content({ parts, manifest }: Artifact): string {
  const named = parts.map(({ name, sizeBytes, checksum }) => [name, sizeBytes, checksum]);
  return JSON.stringify([named.toSorted(), manifest && [manifest.sizeBytes, manifest.checksum]]);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
