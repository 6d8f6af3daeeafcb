import { countRepair, repairNotice } from '#domain/registry/repair-pace.ts';
import type {
  Change,
  DeploymentRecord,
  ModelRecord,
  RegistryWrite,
} from '#domain/registry/write.ts';
import { type Announced, announcePhase } from './announce.ts';
import {
  type Artifact,
  type ArtifactOrder,
  compareOrder,
  type Deployment,
  type DeploymentKind,
  type DeploymentWork,
} from './deployment.ts';
import type { Announcement } from './event.ts';
import { Failure, type FailureName } from './failure.ts';

export type Admission = {
  readonly deploymentId: string;
  readonly model: string;
  readonly artifact: Artifact;
  readonly order: ArtifactOrder;
  readonly execution: string;
  /** The findings of another Slipway about the version, where it comes from one. */
  readonly promoted?: { readonly work: DeploymentWork; readonly announcement: Announcement };
};

/** `known`: the deployment already existed, and not through this execution's own admission; nothing changed. */
export type AdmissionResult = {
  readonly kind: 'admitted' | 'superseded' | 'known';
  readonly deployment: Deployment;
};

/** A deployment that ends at admission, as rejected or not needed, with the reason that its event gives. */
export type Refusal = Omit<Admission, 'order' | 'promoted'> & {
  readonly phase: 'Ignored' | 'Rejected';
  /** The name of the rejection; `ArtifactRejected` by default. */
  readonly name?: FailureName;
  readonly announcement: Announcement;
};

/** A request for a model by its name. `version` and `work` belong to the version to make live; null and empty when there is none. */
export type Request = Omit<Admission, 'order' | 'promoted'> & {
  readonly kind: Exclude<DeploymentKind, 'deploy' | 'promote'>;
  readonly version: number | null;
  readonly work: DeploymentWork;
  /** The reason for the request, as its first event gives it. */
  readonly reason: string;
};

/** Decides `Registry.admit`. */
export function admit(admission: Admission): RegistryWrite<AdmissionResult> {
  return {
    deploymentId: admission.deploymentId,
    model: admission.model,
    decide({ deployment: known, model }, nowMs) {
      if (known) return { answer: answerAgain(known.deployment, admission.execution) };
      if (!model || compareOrder(model.newest, admission.order) <= 0) {
        return takeVersion(admission, model, nowMs);
      }
      const deployment = { ...begin(admission, nowMs), order: orderOf(admission) };
      const superseded = supersede({ deployment, sequence: 0 }, model.newest, nowMs);
      return {
        answer: { kind: 'superseded', deployment: superseded.deployment.deployment },
        ...superseded,
      };
    },
  };
}

/** Decides `Registry.refuse`. */
export function refuse(refusal: Refusal): RegistryWrite<Deployment> {
  return {
    deploymentId: refusal.deploymentId,
    decide({ deployment: known }, nowMs) {
      if (known) return { answer: known.deployment };
      const { reason = '', fix = '' } = refusal.announcement;
      const deployment: Deployment = {
        ...begin(refusal, nowMs),
        phase: refusal.phase,
        endedAtMs: nowMs,
        trouble:
          refusal.phase === 'Rejected'
            ? { name: refusal.name ?? 'ArtifactRejected', reason, fix }
            : null,
      };
      return {
        answer: deployment,
        ...announcePhase(
          { deployment, sequence: 0 },
          withDropper(refusal.artifact, refusal.announcement),
        ),
      };
    },
  };
}

/** Decides `Registry.request`. */
export function request(wanted: Request): RegistryWrite<Deployment> {
  return {
    deploymentId: wanted.deploymentId,
    model: wanted.model,
    decide({ deployment: known, model }, nowMs) {
      if (known) return { answer: known.deployment };
      if (!model) throw new Failure('InputInvalid', `there is no model ${wanted.model}`);
      const { kind, version, work, reason } = wanted;
      const deployment: Deployment = { ...begin(wanted, nowMs), kind, version, work };
      if (kind === 'repair') return repair(deployment, reason, model, nowMs);
      return {
        answer: deployment,
        ...announcePhase({ deployment, sequence: 0 }, { reason, data: { kind } }),
        ...(kind === 'undeploy' && { model: askedToGo(model, nowMs) }),
      };
    },
  };
}

function askedToGo(record: ModelRecord, nowMs: number): ModelRecord {
  const { model } = record;
  const undeployedWith = model.newestDeploymentId;
  return { ...record, model: { ...model, undeployedWith }, undeployAskedAtMs: nowMs };
}

function repair(
  deployment: Deployment,
  reason: string,
  record: ModelRecord,
  nowMs: number,
): Change<Deployment> {
  const repairs = countRepair(record.model, nowMs);
  const data = { kind: 'repair', repairsInARow: repairs.inARow };
  const words = { reason: reason + repairNotice(repairs), data };
  return {
    answer: deployment,
    ...announcePhase({ deployment, sequence: 0 }, words),
    model: { ...record, model: { ...record.model, repairs } },
  };
}

/** Decides `Registry.adopt`. */
export function adopt(
  deploymentId: string,
  from: string,
  execution: string,
): RegistryWrite<Deployment> {
  return {
    deploymentId,
    decide({ deployment: record }) {
      if (!record) throw new Failure('InputInvalid', `there is no deployment ${deploymentId}`);
      const { deployment } = record;
      if (deployment.execution === execution) return { answer: deployment };
      if (deployment.execution !== from) {
        throw new Failure(
          'LeaseLost',
          `deployment ${deploymentId} belongs to execution ${deployment.execution}, not to ${from}`,
        );
      }
      if (deployment.endedAtMs !== null) {
        throw new Failure('PhaseConflict', `deployment ${deploymentId} has ended`);
      }
      const adopted = { ...deployment, execution, attempt: deployment.attempt + 1 };
      return { answer: adopted, deployment: { ...record, deployment: adopted } };
    },
  };
}

/** The answer to the first call, when this is the same call again because its reply was lost. */
function answerAgain(deployment: Deployment, execution: string): AdmissionResult {
  const { phase, version, attempt } = deployment;
  if (deployment.execution !== execution || attempt > 1) return { kind: 'known', deployment };
  if (version !== null) return { kind: 'admitted', deployment };
  return { kind: phase === 'Superseded' ? 'superseded' : 'known', deployment };
}

function takeVersion(
  admission: Admission,
  known: ModelRecord | undefined,
  nowMs: number,
): Change<AdmissionResult> {
  const version = (known?.lastVersion ?? 0) + 1;
  const order = orderOf(admission);
  const { promoted } = admission;
  const deployment: Deployment = { ...begin(admission, nowMs), version, order };
  return {
    answer: { kind: 'admitted', deployment },
    ...announcePhase(
      { deployment, sequence: 0 },
      withDropper(admission.artifact, promoted?.announcement ?? {}),
    ),
    model: {
      model: {
        ...(known?.model ?? { name: admission.model, live: null }),
        newestDeploymentId: deployment.id,
      },
      newest: order,
      lastVersion: version,
      undeployAskedAtMs: known?.undeployAskedAtMs ?? 0,
      lease: known?.lease ?? { epoch: 0, holder: null },
    },
  };
}

/** The first event of an upload says who dropped it. */
function withDropper({ droppedBy }: Artifact, words: Announcement): Announcement {
  return droppedBy ? { ...words, data: { ...words.data, droppedBy } } : words;
}

/** Ends a deployment whose model has a newer artifact. */
export function supersede(
  { deployment, sequence }: DeploymentRecord,
  newest: ArtifactOrder,
  nowMs: number,
  reason = `a newer artifact was admitted: ${newest.key}, version ${newest.versionId}`,
): Announced {
  const ended: Deployment = {
    ...deployment,
    phase: 'Superseded',
    phaseChangedAtMs: nowMs,
    endedAtMs: nowMs,
  };
  return announcePhase({ deployment: ended, sequence }, { reason });
}

function begin(admission: Omit<Admission, 'order'>, nowMs: number): Deployment {
  return {
    id: admission.deploymentId,
    kind: admission.promoted ? 'promote' : 'deploy',
    model: admission.model,
    version: null,
    phase: 'Admitted',
    artifact: admission.artifact,
    order: null,
    execution: admission.execution,
    attempt: 1,
    admittedAtMs: nowMs,
    phaseChangedAtMs: nowMs,
    endedAtMs: null,
    work: admission.promoted?.work ?? {},
    intents: [],
    trouble: null,
  };
}

/** Keeps only the fields that order artifacts: callers pass whole store objects. */
function orderOf({ order }: Admission): ArtifactOrder {
  const { key, versionId, sequencer, lastModifiedMs } = order;
  return { key, versionId, sequencer, lastModifiedMs };
}
