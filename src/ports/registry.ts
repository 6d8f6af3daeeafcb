import type { Admission, AdmissionResult, Refusal, Request } from '#domain/admission.ts';
import type {
  Deployment,
  DeploymentWork,
  Intent,
  Model,
  ModelVersion,
  Trouble,
} from '#domain/deployment.ts';
import type { Announcement, SlipwayEvent } from '#domain/event.ts';
import type { Ending, Promotion, StepPhase } from '#domain/progress.ts';
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

/** Events in the order they were written, each with the cursor to go on from; `''` as `after` is the beginning. */
export type EventPage = {
  readonly events: readonly { readonly cursor: string; readonly event: SlipwayEvent }[];
};

/**
 * The record of models, versions, deployments, leases, intents and events. Each write is one transaction with its event.
 * Every call may be repeated: a write that finds its work done answers as it did the first time, and announces nothing again.
 * Each write by a lease's holder renews the lease, and fails with `LeaseLost` when the lease is free or has another holder or epoch.
 * A deployment or version that must exist and does not is `InputInvalid`, a change that the records do not allow `PhaseConflict`.
 * Any call may fail with `PlatformThrottled` or `PlatformUnavailable`, and then may or may not have happened; with `PlatformDenied`, `StorageFull`, or `InputInvalid` for a record that is too large to be held (400 KB on AWS), it did not happen.
 */
export type Registry = {
  /**
   * Takes the model's next version number, unless a newer artifact is admitted already: then superseded, ended, and without a number.
   * Announces `Admitted`, or `Superseded` alone. The same execution gets its first answer again, another one `known`.
   */
  admit(admission: Admission): Promise<AdmissionResult>;
  /** Records a deployment that admission ends, ended, and announces it; makes no model. One that is known already is left as it is. */
  refuse(refusal: Refusal): Promise<Deployment>;
  /** Records what is asked for of a model that is known, and announces it as `Admitted`. One that is known already is left as it is; no such model is `InputInvalid`. */
  request(request: Request): Promise<Deployment>;
  /** Gives a deployment that has not ended to a new execution; attempt + 1. Fails with `LeaseLost` when `from` no longer owns it. */
  adopt(deploymentId: string, from: string, execution: string): Promise<Deployment>;

  /**
   * Takes the model's lease for the deployment: when it is free, from an execution of this deployment that went before, or over the epoch of a dead holder; epoch + 1.
   * The holder itself gets its epoch again. An epoch is never re-used; a lease that has run out stays its holder's until it is taken.
   * A deployment that has not begun (Admitted, Waiting) while a newer one is admitted is Superseded and ended. One that has to wait is announced as `Waiting`, once.
   * Fails with `LeaseLost` for an execution that does not own the deployment, `PhaseConflict` for an ended one.
   */
  acquireLease(request: LeaseRequest): Promise<LeaseResult>;
  /** Frees the model's lease, and ends the deployment when its phase is terminal (else `settle` will); a lease that is not the holder's any more is success, and nothing changes. */
  releaseLease(holder: Holder): Promise<void>;
  /** The model's lease as it is now; undefined when there is no such model. */
  lease(model: string): Promise<Lease | undefined>;
  /** Frees a lease that outlived its deployment: one that has ended, or that nobody knows. Answers whether it did; the lease of another is left as it is. */
  freeDeadLease(model: string, deploymentId: string): Promise<boolean>;

  /** Moves the deployment to `to`, with what the step found, and announces it. Already there: the record is answered as it is, the work too. */
  advance(
    holder: Holder,
    to: StepPhase,
    work: DeploymentWork,
    announcement: Announcement,
  ): Promise<Deployment>;
  /** Adds what a step found without a move; entries that are there are replaced. */
  recordWork(holder: Holder, work: DeploymentWork): Promise<Deployment>;
  /** Writes down what is about to be made, after what was made before; the same intent twice is one. */
  recordIntent(holder: Holder, intent: Intent): Promise<Deployment>;
  /** Strikes an intent whose resource is gone; one that is not there is success. */
  settleIntent(holder: Holder, intent: Intent): Promise<Deployment>;
  /** Keeps the first trouble of a deployment: a later one is its consequence. */
  recordTrouble(holder: Holder, trouble: Trouble): Promise<Deployment>;
  /**
   * Makes the deployment's candidate, which is this version, the live one if the live revision still is `previous` (null: none), and announces `Live`.
   * Fails with `PhaseConflict` when another is live, the version is gone, or the deployment has a trouble, for which it is given up. The previous version is left to `markVersion`.
   */
  commit(holder: Holder, promotion: Promotion, announcement: Announcement): Promise<Deployment>;
  /** Leaves the model without a live version; nothing is announced. */
  retract(holder: Holder): Promise<void>;
  /** Gives a deployment the trouble that whoever holds its lease next gives it up for. Takes no epoch; fails with `PhaseConflict` for one that is Live or has ended. */
  requestAbort(deploymentId: string, trouble: Trouble): Promise<Deployment>;
  /**
   * Records that a version of the holder's model no longer serves, or is gone, and announces it once, as an event of the holder's deployment.
   * Fails with `InputInvalid` for a version that never went live, `PhaseConflict` for the live one; a version never goes back from `Removed`.
   */
  markVersion(holder: Holder, version: number, state: 'Retired' | 'Removed'): Promise<void>;

  /**
   * Ends a deployment that no step ended: as Failed, with its trouble or else `reason`, and `degraded` in the event's data; frees its lease. Takes no epoch: only for one whose execution is over, or that holds no lease and says by `trouble` why it waits no more.
   * One in a terminal phase only ends and loses its lease; an ended or unknown one is left as it is.
   */
  settle(ending: Ending): Promise<Deployment | undefined>;

  deployment(id: string): Promise<Deployment | undefined>;
  model(name: string): Promise<Model | undefined>;
  /** All models, by name. */
  models(): Promise<readonly Model[]>;
  /** A model's versions that went live, newest first. */
  versions(model: string): Promise<readonly ModelVersion[]>;
  /** Deployments whose `endedAtMs` is null, oldest first. */
  unended(): Promise<readonly Deployment[]>;

  /** Takes note that these resources were seen to be nobody's, and answers when each was first (epoch ms); the ones noted before that are not among them are forgotten. */
  sighted(resources: readonly string[]): Promise<ReadonlyMap<string, number>>;

  /** Events that were not published yet, oldest first. */
  unpublished(limit: number): Promise<readonly SlipwayEvent[]>;
  markPublished(eventIds: readonly string[]): Promise<void>;
  /** At most `limit` events after the cursor; one that no page gave is `InputInvalid`. */
  events(query: EventQuery): Promise<EventPage>;
  /** The events that were written last, newest first, at most so many. */
  newestEvents(limit: number): Promise<readonly SlipwayEvent[]>;
};
