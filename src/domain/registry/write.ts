import type { ArtifactOrder, Deployment, Model, ModelVersion } from '#domain/deployment.ts';
import type { SlipwayEvent } from '#domain/event.ts';

/** Whose the lease is, and until when (epoch ms) if none of its writes renews it. */
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

/** A model with what only its registry needs: the order of its newest artifact, the version number taken last (0: none), and its lease. */
export type ModelRecord = {
  readonly model: Model;
  readonly newest: ArtifactOrder;
  readonly lastVersion: number;
  /** When an undeploy was asked for last (epoch ms), 0 when never: what was uploaded before it and has not begun goes with the rest. */
  readonly undeployAskedAtMs: number;
  readonly lease: Lease;
};

/** What the registry holds of the records that a write reads. */
export type Records = {
  readonly deployment: DeploymentRecord | undefined;
  readonly model: ModelRecord | undefined;
  readonly version: ModelVersion | undefined;
};

/** What a write makes of them, in one transaction with its event; what is absent stays as it is. */
export type Change<Answer> = {
  readonly answer: Answer;
  readonly deployment?: DeploymentRecord | undefined;
  readonly model?: ModelRecord | undefined;
  readonly version?: ModelVersion | undefined;
  readonly event?: SlipwayEvent | undefined;
};

/**
 * One write of a registry as a pure decision, so that every registry decides alike and only stores differently.
 * It reads the deployment, the model it names (without `model`, the deployment's), and of that model the version it names.
 * `decide` throws the write's failures, and then nothing changes.
 */
export type RegistryWrite<Answer> = {
  readonly deploymentId: string;
  readonly model?: string;
  readonly version?: number;
  decide(records: Records, nowMs: number): Change<Answer>;
};
