import { newer } from './admission.ts';
import { announcePhase } from './announce.ts';
import type { Deployment } from './deployment.ts';
import { Failure } from './failure.ts';
import { isTerminal } from './phase.ts';
import type {
  Change,
  DeploymentRecord,
  Lease,
  ModelRecord,
  Records,
  RegistryWrite,
} from './registry-write.ts';

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

/** The records that a write of the lease's holder finds; `model` with its lease renewed already. */
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
      if (!record) throw new Failure('InputInvalid', `there is no deployment ${deploymentId}`);
      requireOwner(record.deployment, execution);
      if (record.deployment.phase === 'Superseded') return { answer: { kind: 'superseded' } };
      if (!model || record.deployment.endedAtMs !== null) {
        throw new Failure('PhaseConflict', `deployment ${deploymentId} has ended`);
      }

      const grant = (epoch: number): Change<LeaseResult> => ({
        answer: { kind: 'acquired', epoch, deployment: record.deployment },
        model: renew(model, { epoch, holder: { deploymentId, execution, leaseSeconds } }, nowMs),
      });
      const { epoch, holder } = model.lease;
      const isOwn = holder?.deploymentId === deploymentId;
      if (isOwn && holder.execution === execution) return grant(epoch);
      if (isOutdated(record.deployment, model)) {
        return {
          answer: { kind: 'superseded' },
          model: freeLease(model, deploymentId),
          ...supersede(record, model.newest, nowMs),
        };
      }
      if (!holder || isOwn || over === epoch) return grant(epoch + 1);
      return { answer: { kind: 'held', ...holder, epoch }, ...wait(record, holder, nowMs) };
    },
  };
}
