import { supersede } from '#domain/admission.ts';
import { announcePhase } from '#domain/announce.ts';
import { bringsVersion, type Deployment, movesAnother } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { hasBegun, isTerminal } from '#domain/phase.ts';
import type {
  Change,
  DeploymentRecord,
  Lease,
  LeaseHolder,
  ModelRecord,
  Records,
  RegistryWrite,
} from './write.ts';

export type LeaseRequest = {
  readonly deploymentId: string;
  readonly execution: string;
  /** How long the lease lasts (seconds) unless a write by its holder renews it. */
  readonly leaseSeconds: number;
  /** The epoch of a dead holder, whose lease is taken over if the epoch is still the same; null for no takeover. */
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

/** The writer: a deployment and the epoch of the lease it holds. A write with any other epoch than the lease's fails with `LeaseLost`. */
export type Holder = { readonly deploymentId: string; readonly epoch: number };

/** The records that a write by the lease holder finds, with the lease already renewed. */
export type HeldRecords = Records & {
  readonly deployment: DeploymentRecord;
  readonly model: ModelRecord;
};

/** Decides `Registry.acquireLease`. */
export function acquireLease(request: LeaseRequest): RegistryWrite<LeaseResult> {
  const { deploymentId, execution, leaseSeconds, over } = request;
  return {
    deploymentId,
    decide({ deployment: record, model }, nowMs) {
      requireOwner(record, request);
      if (record.deployment.phase === 'Superseded') return { answer: { kind: 'superseded' } };
      requireOpen(record, model);

      const { epoch, holder } = model.lease;
      const isOwn = holder?.deploymentId === deploymentId;
      const leaseUntilMs = nowMs + leaseSeconds * 1000;
      const grant = (granted: number): Change<LeaseResult> => ({
        answer: { kind: 'acquired', epoch: granted, deployment: record.deployment },
        model: {
          ...model,
          lease: {
            epoch: granted,
            holder: { deploymentId, execution, leaseSeconds, leaseUntilMs },
          },
        },
      });
      if (isOwn && holder.execution === execution) return grant(epoch);
      if (isOutdated(record, model)) return giveWay(record, model, nowMs);
      if (isUndeployed(record, model)) return giveWay(record, model, nowMs, UNDEPLOYED);
      if (isLeft(record, model)) return giveWay(record, model, nowMs, LEFT);
      if (!holder || isOwn || over === epoch) return grant(epoch + 1);
      return wait(record, { epoch, ...holder }, nowMs);
    },
  };
}

/** Decides `Registry.releaseLease`. */
export function releaseLease(holder: Holder): RegistryWrite<void> {
  return {
    deploymentId: holder.deploymentId,
    decide({ deployment: record, model }, nowMs) {
      if (!record || !model || !isHeldBy(model, holder)) return { answer: undefined };
      return {
        answer: undefined,
        deployment: { ...record, deployment: end(record.deployment, nowMs) },
        model: freeLease(model, holder.deploymentId),
      };
    },
  };
}

/** Decides `Registry.lease`: reads, and writes nothing. */
export function lease(model: string): RegistryWrite<Lease | undefined> {
  return { deploymentId: '', model, decide: ({ model: record }) => ({ answer: record?.lease }) };
}

/** Decides `Registry.freeDeadLease`. */
export function freeDeadLease(model: string, deploymentId: string): RegistryWrite<boolean> {
  return {
    deploymentId,
    model,
    decide({ deployment, model: record }) {
      const isHolder = record?.lease.holder?.deploymentId === deploymentId;
      const isOpen = deployment && deployment.deployment.endedAtMs === null;
      if (!isHolder || isOpen) return { answer: false };
      return { answer: true, model: freeLease(record, deploymentId) };
    },
  };
}

/** A write that only the lease holder may make, and that renews the lease; fails with `LeaseLost`. */
export function holderWrite<Answer>(
  holder: Holder,
  decide: (records: HeldRecords, nowMs: number) => Change<Answer>,
): RegistryWrite<Answer> {
  return {
    deploymentId: holder.deploymentId,
    decide({ deployment, model, version }, nowMs) {
      if (!deployment || !model || !isHeldBy(model, holder)) {
        throw new Failure(
          'LeaseLost',
          `deployment ${holder.deploymentId} does not hold the lease of epoch ${holder.epoch}; ${describe(model?.lease)}`,
        );
      }
      const renewed = renew(model, nowMs);
      return { model: renewed, ...decide({ deployment, model: renewed, version }, nowMs) };
    },
  };
}

/** The model with its lease free, if the deployment held it. */
export function freeLease(model: ModelRecord, deploymentId: string): ModelRecord {
  const { epoch, holder } = model.lease;
  return holder?.deploymentId === deploymentId
    ? { ...model, lease: { epoch, holder: null } }
    : model;
}

/** Ends a deployment whose phase is terminal; `settle` ends any other. */
export function end(deployment: Deployment, nowMs: number): Deployment {
  return isTerminal(deployment.phase) && deployment.endedAtMs === null
    ? { ...deployment, endedAtMs: nowMs }
    : deployment;
}

function requireOwner(
  record: DeploymentRecord | undefined,
  { deploymentId, execution }: LeaseRequest,
): asserts record is DeploymentRecord {
  if (!record) throw new Failure('InputInvalid', `there is no deployment ${deploymentId}`);
  const owner = record.deployment.execution;
  if (owner !== execution) {
    throw new Failure(
      'LeaseLost',
      `deployment ${deploymentId} belongs to execution ${owner}, not to ${execution}`,
    );
  }
}

function requireOpen(
  { deployment }: DeploymentRecord,
  model: ModelRecord | undefined,
): asserts model is ModelRecord {
  if (!model || deployment.endedAtMs !== null) {
    throw new Failure('PhaseConflict', `deployment ${deployment.id} has ended`);
  }
}

/** Whether a newer upload replaces this one: it does until this one has begun. */
function isOutdated({ deployment }: DeploymentRecord, { model }: ModelRecord): boolean {
  const { id, kind, phase } = deployment;
  return bringsVersion(kind) && !hasBegun(phase) && model.newestDeploymentId !== id;
}

const UNDEPLOYED = 'the model was undeployed after this upload';

/** Whether an undeploy removes this deployment: it had not begun when the undeploy was requested. */
function isUndeployed({ deployment }: DeploymentRecord, model: ModelRecord): boolean {
  const { admittedAtMs, kind, phase } = deployment;
  return bringsVersion(kind) && !hasBegun(phase) && admittedAtMs < model.undeployAskedAtMs;
}

const LEFT = 'the version that it moves is not live any more';

/** Whether the version that this deployment moves was taken away before it had begun. */
function isLeft({ deployment }: DeploymentRecord, { model }: ModelRecord): boolean {
  return !hasBegun(deployment.phase) && movesAnother(deployment, model.live);
}

function giveWay(
  record: DeploymentRecord,
  model: ModelRecord,
  nowMs: number,
  reason?: string,
): Change<LeaseResult> {
  return {
    answer: { kind: 'superseded' },
    model: freeLease(model, record.deployment.id),
    ...supersede(record, model.newest, nowMs, reason),
  };
}

function wait(
  record: DeploymentRecord,
  { epoch, deploymentId, execution, leaseUntilMs }: LeaseHolder & { readonly epoch: number },
  nowMs: number,
): Change<LeaseResult> {
  const answer = { kind: 'held', epoch, deploymentId, execution, leaseUntilMs } as const;
  const { kind, phase } = record.deployment;
  if (hasBegun(phase) || phase === 'Waiting') return { answer };
  const waiting: Deployment = {
    ...record.deployment,
    phase: 'Waiting',
    phaseChangedAtMs: nowMs,
  };
  const reason = `deployment ${deploymentId} of the same model is under way; this one runs after it${bringsVersion(kind) ? ', unless a newer artifact arrives' : ''}`;
  return { answer, ...announcePhase({ ...record, deployment: waiting }, { reason }) };
}

function isHeldBy({ lease }: ModelRecord, { deploymentId, epoch }: Holder): boolean {
  return lease.epoch === epoch && lease.holder?.deploymentId === deploymentId;
}

function renew(model: ModelRecord, nowMs: number): ModelRecord {
  const { epoch, holder } = model.lease;
  if (!holder) return model;
  const leaseUntilMs = nowMs + holder.leaseSeconds * 1000;
  return { ...model, lease: { epoch, holder: { ...holder, leaseUntilMs } } };
}

function describe(lease: Lease | undefined): string {
  if (!lease?.holder) return 'it is free';
  return `deployment ${lease.holder.deploymentId} holds it with epoch ${lease.epoch}`;
}
