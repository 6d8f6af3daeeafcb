import type { Judgement } from '#domain/comparison/judgement.ts';
import type { ArtifactOrder, Deployment, Model, ModelVersion } from '#domain/deployment.ts';
import type { SlipwayEvent } from '#domain/event.ts';
import type { IncidentState } from '#domain/incident.ts';
import type { NotedStart } from '#domain/placement/noted-start.ts';

/** Who holds the lease, and until when (epoch ms) unless a write renews it. */
export type LeaseHolder = {
  readonly deploymentId: string;
  readonly execution: string;
  readonly leaseSeconds: number;
  readonly leaseUntilMs: number;
};

/** The right to write for a model. `epoch` counts the model's leases and is never re-used; `holder` is null while the lease is free. */
export type Lease = { readonly epoch: number; readonly holder: LeaseHolder | null };

/** A deployment, and how many events it has announced. */
export type DeploymentRecord = { readonly deployment: Deployment; readonly sequence: number };

/** A model with the fields that only its registry needs: the order of its newest artifact, the last assigned version number (0: none), and its lease. */
export type ModelRecord = {
  readonly model: Model;
  readonly newest: ArtifactOrder;
  readonly lastVersion: number;
  /** When an undeploy was last requested (epoch ms), 0 when never: it also removes earlier uploads that have not begun. */
  readonly undeployAskedAtMs: number;
  readonly lease: Lease;
  /** The incidents of its versions that were reported in the last minutes. */
  readonly incidents?: readonly ToldIncident[];
};

export type ToldIncident = {
  readonly version: number;
  readonly state: IncidentState;
  readonly atMs: number;
};

/** The records that a write reads, as the registry holds them. */
export type Records = {
  readonly deployment: DeploymentRecord | undefined;
  readonly model: ModelRecord | undefined;
  readonly version: ModelVersion | undefined;
};

/** The changes of a write, in one transaction with its event; an absent record stays as it is. */
export type Change<Answer> = {
  readonly answer: Answer;
  readonly deployment?: DeploymentRecord | undefined;
  readonly model?: ModelRecord | undefined;
  readonly version?: ModelVersion | undefined;
  readonly event?: SlipwayEvent | undefined;
  readonly judgement?: Judgement | undefined;
  readonly start?: NotedStart | undefined;
};

/**
 * One write of a registry as a pure decision, so that every registry decides alike and only stores differently.
 * It reads the deployment, the named model (without `model`, the deployment's model), and the named version of that model.
 * `decide` throws the write's failures, and then nothing changes.
 */
export type RegistryWrite<Answer> = {
  readonly deploymentId: string;
  readonly model?: string;
  readonly version?: number;
  decide(records: Records, nowMs: number): Change<Answer>;
};
