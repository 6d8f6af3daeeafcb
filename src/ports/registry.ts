import type { Admission, AdmissionResult, Refusal, Request } from '#domain/admission.ts';
import type { Measurement } from '#domain/build/measurement.ts';
import type { RuntimeName } from '#domain/build/runtime.ts';
import type { Judgement } from '#domain/comparison/judgement.ts';
import type {
  Advice,
  Approval,
  Damage,
  Deployment,
  DeploymentWork,
  Intent,
  Model,
  ModelVersion,
  Trouble,
} from '#domain/deployment.ts';
import type { Announcement, SlipwayEvent } from '#domain/event.ts';
import type { Incident } from '#domain/incident.ts';
import type { NotedStart } from '#domain/placement/noted-start.ts';
import type { Spent } from '#domain/placement/spending.ts';
import type { Ending, LookedBake, Promotion, StepPhase, StepWork } from '#domain/progress.ts';
import type { Holder, LeaseRequest, LeaseResult } from '#domain/registry/lease.ts';
import type { Lease } from '#domain/registry/write.ts';

export type { Admission, AdmissionResult, Refusal, Request } from '#domain/admission.ts';
export type { Ending, Promotion } from '#domain/progress.ts';
export type { Holder, LeaseRequest, LeaseResult } from '#domain/registry/lease.ts';

export type EventQuery = {
  readonly after: string;
  readonly limit: number;
  readonly model?: string;
  readonly deploymentId?: string;
};

/** Events of a model in the order they were written, and those of several by time; each with the cursor to continue from, by which no later event is missed. `''` as `after` is the beginning. */
export type EventPage = {
  readonly events: readonly { readonly cursor: string; readonly event: SlipwayEvent }[];
};

/**
 * The record of models, versions, deployments, leases, intents and events. Each write is one transaction with its event.
 * Every call is idempotent: a repeated write returns what it returned the first time, and announces nothing again.
 * Each write by the lease holder renews the lease. It fails with `LeaseLost` when the lease is free or has another holder or epoch.
 * A missing deployment or version fails with `InputInvalid`, a change that the records do not allow with `PhaseConflict`.
 * Any call may fail with `PlatformThrottled` or `PlatformUnavailable`, and then may or may not have taken effect; after `PlatformDenied`, `StorageFull`, or `InputInvalid` for a record over the size limit (400 KB on AWS), it has not.
 */
export type Registry = {
  /**
   * Gives the deployment the model's next version number. When a newer artifact is already admitted, it is superseded and ended instead, without a number.
   * Announces `Admitted`, or only `Superseded`. The same execution gets its first answer again; another execution gets `known`.
   */
  admit(admission: Admission): Promise<AdmissionResult>;
  /** Records and announces a deployment that admission turns away, as ended; creates no model. A no-op for a known deployment. */
  refuse(refusal: Refusal): Promise<Deployment>;
  /** Records a request for a known model, and announces it as `Admitted`. A no-op for a known deployment; fails with `InputInvalid` for an unknown model. */
  request(request: Request): Promise<Deployment>;
  /** Hands an unended deployment over to a new execution; attempt + 1. Fails with `LeaseLost` when `from` no longer owns it. */
  adopt(deploymentId: string, from: string, execution: string): Promise<Deployment>;

  /**
   * Takes the model's lease for the deployment, with epoch + 1: when it is free, from an earlier execution of this deployment, or over the epoch of a dead holder.
   * The holder itself gets its epoch again. An epoch is never re-used; an expired lease stays with its holder until another takes it.
   * A deployment that has not begun (Admitted, Waiting) is Superseded and ended when a newer one is admitted. One that has to wait is announced as `Waiting`, once.
   * Fails with `LeaseLost` for an execution that does not own the deployment, `PhaseConflict` for an ended one.
   */
  acquireLease(request: LeaseRequest): Promise<LeaseResult>;
  /** Frees the model's lease, and ends the deployment when its phase is terminal (else `settle` will). A no-op when the lease is no longer the holder's. */
  releaseLease(holder: Holder): Promise<void>;
  /** The model's current lease; undefined for an unknown model. */
  lease(model: string): Promise<Lease | undefined>;
  /** Frees the lease of a deployment that has ended or is unknown, and returns whether it did; leaves the lease of another deployment alone. */
  freeDeadLease(model: string, deploymentId: string): Promise<boolean>;

  /** Moves the deployment to `to`, records what the step found, and announces it. When it is already there, returns the record unchanged, including its work. A verdict on two contents (`comparison.pair`) is also recorded as the judgement of that pair, and the start of a candidate that becomes `Ready` as a start of its runtime. */
  advance(
    holder: Holder,
    to: StepPhase,
    work: DeploymentWork,
    announcement: Announcement,
  ): Promise<Deployment>;
  /** Adds what a step found without changing the phase; replaces existing entries. Announces `Waiting` when the deployment begins to wait for containers, or its candidate for room, with what it waits for, and `Provisioning` when the wait for room is over. */
  recordWork(holder: Holder, work: StepWork): Promise<Deployment>;
  /** Records the next look of the bake, the one after the look that the record has, and its breach as a trouble. A no-op that returns the record for the same look again, and one that returns undefined for any other look: if two runs of a step began with the same record, the later write loses. */
  recordLook(
    holder: Holder,
    bake: LookedBake,
    breach: Trouble | null,
  ): Promise<Deployment | undefined>;
  /** Appends what is about to be made to the intents; recording the same intent again is a no-op. */
  recordIntent(holder: Holder, intent: Intent): Promise<Deployment>;
  /** Deletes an intent whose resource is gone; a no-op when the intent is not recorded. */
  settleIntent(holder: Holder, intent: Intent): Promise<Deployment>;
  /** Records a deployment's first trouble; later ones are its consequences and are dropped. */
  recordTrouble(holder: Holder, trouble: Trouble): Promise<Deployment>;
  /**
   * Makes the deployment's candidate (this version) live if the live revision is still `previous` (null: none), and announces `Live`.
   * Fails with `PhaseConflict` when another revision is live, the version is gone, or the deployment has a trouble and so is being given up. `markVersion` deals with the previous version.
   */
  commit(holder: Holder, promotion: Promotion, announcement: Announcement): Promise<Deployment>;
  /** Leaves the model without a live version; announces nothing. */
  retract(holder: Holder): Promise<void>;
  /** Records a trouble, for which the next holder of the lease gives the deployment up. Takes no epoch; fails with `PhaseConflict` for a deployment that is Live or has ended. */
  requestAbort(deploymentId: string, trouble: Trouble): Promise<Deployment>;
  /**
   * Records that a version of the holder's model no longer serves, or is gone, and announces it once, as an event of the holder's deployment.
   * Fails with `InputInvalid` for a version that never went live, `PhaseConflict` for the live one; a version never goes back from `Removed`.
   */
  markVersion(holder: Holder, version: number, state: 'Retired' | 'Removed'): Promise<void>;
  /**
   * Records that a version's bytes are not those that it was deployed with, or with null that they are again, and announces it once, as an event of the deployment that made it. Takes no epoch: it changes nothing of what serves.
   * A no-op for a version that never went live or is removed.
   */
  noteDamage(
    version: Pick<ModelVersion, 'model' | 'version' | 'deploymentId'>,
    damage: Damage | null,
  ): Promise<void>;
  /**
   * Records the advice to place a live version elsewhere, or with null that there is none, and announces it, as an event of the deployment that made it, once for each place that is advised. Takes no epoch: it changes nothing of what serves.
   * A no-op for a version that is not live.
   */
  noteAdvice(
    version: Pick<ModelVersion, 'model' | 'version' | 'deploymentId'>,
    advice: Advice | null,
  ): Promise<void>;
  /** Records the names that a version's owner gave it, in place of those before. Takes no epoch, and is not announced: it changes nothing of what serves. A no-op for a version that never went live. */
  noteTags(
    version: Pick<ModelVersion, 'model' | 'version' | 'deploymentId'>,
    tags: readonly string[],
  ): Promise<void>;
  /** Records what a version's own server took once it was live, in place of what was recorded before. Takes no epoch, and is not announced: it changes nothing of what serves. A no-op for a version that never went live. */
  noteMeasured(
    version: Pick<ModelVersion, 'model' | 'version' | 'deploymentId'>,
    measured: Measurement,
  ): Promise<void>;
  /**
   * Records what a model has cost since a month began, with its live version, and with `words` announces it as `Overspent`, as an event of the deployment that made the version. Takes no epoch: it changes nothing of what serves.
   * A no-op for a version that is not live.
   */
  noteSpent(
    version: Pick<ModelVersion, 'model' | 'version' | 'deploymentId'>,
    spent: Spent,
    words: Announcement | null,
  ): Promise<void>;
  /**
   * Announces what has befallen the servers of a version, as an event of the deployment that made it: one of a kind in 15 minutes, and nothing of others until then. Takes no epoch: it changes nothing of what serves.
   * A no-op for a version that never went live or is removed.
   */
  noteIncident(
    version: Pick<ModelVersion, 'model' | 'version' | 'deploymentId'>,
    incident: Incident,
  ): Promise<void>;

  /**
   * Ends a deployment that no step ended: as Failed, as Aborted when a person gave it up, or as `to` says, with its trouble or else `reason`, and `degraded` in the event's data; frees its lease. Takes no epoch: call it only when the execution is over, or when the deployment holds no lease and `trouble` says why it stops waiting.
   * A deployment in a terminal phase only ends and loses its lease. A no-op for an ended or unknown one.
   */
  settle(ending: Ending): Promise<Deployment | undefined>;

  /** Announces, once, that a promotion waits for a person. Takes no epoch. */
  askApproval(deploymentId: string): Promise<Deployment>;
  /**
   * Records a person's answer to a promotion, or to the gate, that waits for it. Takes no epoch.
   * Fails with `PhaseConflict` where none is awaited, where another was given, for another digest than the promotion's (the gate's: another revision), and for the approval of a broken version that is not forced.
   */
  answerApproval(deploymentId: string, answer: Omit<Approval, 'atMs'>): Promise<Deployment>;

  deployment(id: string): Promise<Deployment | undefined>;
  model(name: string): Promise<Model | undefined>;
  /** All models, by name. */
  models(): Promise<readonly Model[]>;
  /** The versions of a model that ever went live, newest first. */
  versions(model: string): Promise<readonly ModelVersion[]>;
  /** The newest judgement of a pair of contents; undefined where the model's versions were never asked for that pair. */
  judgement(model: string, pair: string): Promise<Judgement | undefined>;
  /** The last starts of candidates with a runtime, on all targets, newest first: a hundred at most. */
  starts(runtime: RuntimeName): Promise<readonly NotedStart[]>;
  /** Deployments whose `endedAtMs` is null, oldest first. */
  unended(): Promise<readonly Deployment[]>;

  /** Records that these resources were seen orphaned, and returns when each was first seen so (epoch ms). Forgets the recorded ones that are no longer among them. */
  sighted(resources: readonly string[]): Promise<ReadonlyMap<string, number>>;

  /** Events not yet published, oldest first. */
  unpublished(limit: number): Promise<readonly SlipwayEvent[]>;
  markPublished(eventIds: readonly string[]): Promise<void>;
  /** At most `limit` events after the cursor. Fails with `InputInvalid` for a cursor that no page returned. */
  events(query: EventQuery): Promise<EventPage>;
  /** The events that were written last, newest first, at most so many. */
  newestEvents(limit: number): Promise<readonly SlipwayEvent[]>;
};
