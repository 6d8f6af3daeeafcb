import type {
  Artifact,
  ArtifactOrder,
  Deployment,
  DeploymentWork,
  Intent,
  Model,
  ModelVersion,
  Trouble,
} from '#domain/deployment.ts';
import type { Announcement, SlipwayEvent } from '#domain/event.ts';
import type { Phase } from '#domain/phase.ts';

export type Admission = {
  readonly deploymentId: string;
  readonly model: string;
  readonly artifact: Artifact;
  readonly order: ArtifactOrder;
  readonly execution: string;
};

/** `known`: the deployment was there before, whatever its phase; nothing was changed. */
export type AdmissionResult = {
  readonly kind: 'admitted' | 'superseded' | 'known';
  readonly deployment: Deployment;
};

/** A deployment that ends as it begins: refused or not needed, with the reason its event gives. */
export type Refusal = Omit<Admission, 'order'> & {
  readonly phase: 'Ignored' | 'Rejected';
  readonly announcement: Announcement;
};

export type LeaseRequest = {
  readonly deploymentId: string;
  readonly execution: string;
  /** How long the lease holds (seconds) unless a write of its holder renews it. */
  readonly leaseSeconds: number;
  /** The epoch of a holder that was seen dead; its lease is taken over if it is still the same one. */
  readonly over: number | null;
};

export type LeaseResult =
  | { readonly kind: 'acquired'; readonly epoch: number; readonly deployment: Deployment }
  | {
      readonly kind: 'held';
      readonly epoch: number;
      readonly deploymentId: string;
      readonly execution: string;
      readonly leaseUntilMs: number;
    }
  | { readonly kind: 'superseded' };

/** Who writes: the deployment and the epoch of the lease it holds. A write with another epoch than the lease's is refused with `LeaseLost`. */
export type Holder = { readonly deploymentId: string; readonly epoch: number };

export type Ending = {
  readonly deploymentId: string;
  readonly reason: string;
  readonly degraded: boolean;
};

export type EventQuery = {
  readonly after: string;
  readonly limit: number;
  readonly model?: string;
  readonly deploymentId?: string;
};

/** Events in the order they were written, and the cursor to go on from; `''` as `after` is the beginning. */
export type EventPage = { readonly events: readonly { readonly cursor: string; readonly event: SlipwayEvent }[] };

/**
 * The record of models, versions, deployments, leases, intents and events. Each write is one transaction with its event.
 * Every call may be repeated: a write that finds its work done answers as it did the first time.
 * Writes by a lease's holder fail with `LeaseLost` for a stale epoch, `PhaseConflict` for a move that the phases do not allow.
 * Any call may fail with `PlatformThrottled` or `PlatformUnavailable`, and then may or may not have happened.
 */
export type Registry = {
  /** Takes the model's next version number unless a newer artifact is admitted already (superseded, no number). Announces `Admitted`, or `Superseded` alone. */
  admit(admission: Admission): Promise<AdmissionResult>;
  /** Records a deployment that admission ends, ended. One that is known already is left as it is. */
  refuse(refusal: Refusal): Promise<Deployment>;
  /** Gives a known deployment to a new execution, if `from` still is the one that owns it; attempt + 1. Answers the deployment as it is then. */
  adopt(deploymentId: string, from: string, execution: string): Promise<Deployment>;

  /**
   * Takes the model's lease for the deployment: when it is free, when its holder is this deployment, or over a dead holder; epoch + 1.
   * A deployment that is not the newest of its model and has not begun is Superseded and ended. One that has to wait is announced as `Waiting`, once.
   */
  acquireLease(request: LeaseRequest): Promise<LeaseResult>;
  /** Ends the deployment's work and frees the model's lease if this epoch still holds it; a lease that is gone is success. */
  releaseLease(holder: Holder): Promise<void>;

  /** Moves the deployment to `to`, with what the step found, and announces it. Already there: nothing changes, the record is answered. */
  advance(
    holder: Holder,
    to: Exclude<Phase, 'Live' | 'Ignored' | 'Superseded'>,
    work: DeploymentWork,
    announcement: Announcement,
  ): Promise<Deployment>;
  /** Adds what a step found without a move; entries that are there are replaced. */
  recordWork(holder: Holder, work: DeploymentWork): Promise<Deployment>;
  /** Writes down what is about to be made; the same intent twice is one. */
  recordIntent(holder: Holder, intent: Intent): Promise<Deployment>;
  /** Strikes an intent whose resource is gone. */
  settleIntent(holder: Holder, intent: Intent): Promise<Deployment>;
  /** Keeps the first trouble of a deployment: a later one is its consequence. */
  recordTrouble(holder: Holder, trouble: Trouble): Promise<Deployment>;
  /** Makes the deployment's version the live one if the live version still is `previous` (a revision, or null), and announces `Live`. Fails with `PhaseConflict` when it is another. */
  commit(holder: Holder, previous: string | null, announcement: Announcement): Promise<Deployment>;
  /** Records that a version of the holder's model no longer serves, or is gone, and announces it once. */
  markVersion(holder: Holder, version: number, state: 'Retired' | 'Removed'): Promise<void>;

  /**
   * Ends a deployment that no step ended: as Failed, with its trouble or `reason`, `degraded` in the event's data; frees its lease. Takes no epoch: only for one whose execution is over.
   * One that is terminal already only ends and loses its lease; an ended or unknown one is left as it is.
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

  /** Events that were not published yet, oldest first. */
  unpublished(limit: number): Promise<readonly SlipwayEvent[]>;
  markPublished(eventIds: readonly string[]): Promise<void>;
  events(query: EventQuery): Promise<EventPage>;
};
