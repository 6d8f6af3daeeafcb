import { announcePhase } from '#domain/announce.ts';
import type { Approval, Deployment, PromotionRecord } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import type { Change, DeploymentRecord, RegistryWrite } from '#domain/registry/write.ts';

/** How long a promotion waits for a person. */
export const APPROVAL_HOURS = 24;

/** Decides `Registry.askApproval`. */
export function askApproval(deploymentId: string): RegistryWrite<Deployment> {
  return {
    deploymentId,
    decide({ deployment: known }, nowMs) {
      const record = require(deploymentId, known);
      const { phase, model, version } = record.deployment;
      if (phase !== 'Admitted') return { answer: record.deployment };
      const { from, digest } = promotionOf(record.deployment);
      const deployment: Deployment = {
        ...record.deployment,
        phase: 'AwaitingApproval',
        phaseChangedAtMs: nowMs,
      };
      const words = {
        reason: `version ${from.version} of ${from.place} waits for a person's approval, for ${APPROVAL_HOURS} h: ${digest}`,
        fix: `Approve it with \`slipway approve ${model} --version ${version}\`, or refuse it with \`slipway reject ${model} --version ${version}\`.`,
        data: { digest, from: from.place, fromVersion: from.version },
      };
      return { answer: deployment, ...announcePhase({ ...record, deployment }, words) };
    },
  };
}

/** Decides `Registry.answerApproval`. */
export function answerApproval(
  deploymentId: string,
  answer: Omit<Approval, 'atMs'>,
): RegistryWrite<Deployment> {
  const { verdict, digest, by } = answer;
  return {
    deploymentId,
    decide({ deployment: known }, nowMs) {
      const record = require(deploymentId, known);
      const { phase, model, version, work } = record.deployment;
      if (isAskedAbout(record.deployment)) return answerGate(record, answer, nowMs);
      const promotion = promotionOf(record.deployment);
      const what = `${model} version ${version}`;
      const { approval } = promotion;
      if (approval?.verdict === verdict && approval.digest === digest) {
        return { answer: record.deployment };
      }
      if (phase !== 'AwaitingApproval' || approval) {
        const said = approval ? `${approval.by} has ${approval.verdict} it` : `it is ${phase}`;
        throw new Failure('PhaseConflict', `${what} does not wait for approval: ${said}`);
      }
      if (promotion.digest !== digest) {
        throw new Failure('PhaseConflict', `${what} is ${promotion.digest}, not ${digest}`, {
          fix: `See what waits with \`slipway explain ${model} --version ${version}\`, and approve that.`,
        });
      }
      const answered = { ...promotion, approval: { verdict, digest, by, atMs: nowMs } };
      const deployment = { ...record.deployment, work: { ...work, promotion: answered } };
      return { answer: deployment, deployment: { ...record, deployment } };
    },
  };
}

/** Whether the gate has asked a person about it. */
export function isAskedAbout({ phase, work }: Pick<Deployment, 'phase' | 'work'>): boolean {
  return phase === 'Compared' && work.comparison?.decision === 'asked';
}

function answerGate(
  record: DeploymentRecord,
  answer: Omit<Approval, 'atMs'>,
  nowMs: number,
): Change<Deployment> {
  const { model, version, work, trouble } = record.deployment;
  const { clearance, comparison, candidate } = work;
  const what = `${model} version ${version}`;
  if (clearance?.verdict === answer.verdict) return { answer: record.deployment };
  if (clearance) {
    throw new Failure('PhaseConflict', `${clearance.by} has ${clearance.verdict} ${what}`);
  }
  if (trouble) {
    throw new Failure('PhaseConflict', `${what} waits for no approval any more: ${trouble.reason}`);
  }
  if (answer.digest !== candidate?.revision) {
    throw new Failure('PhaseConflict', `${what} is ${candidate?.revision}, not ${answer.digest}`);
  }
  if (answer.verdict === 'approved' && comparison?.verdict === 'broken' && !answer.isForced) {
    throw new Failure('PhaseConflict', `${what} is broken: ${comparison.reason}`, {
      fix: `If its clients know of this, \`slipway approve ${model} --version ${version} --force\`.`,
    });
  }
  const deployment = {
    ...record.deployment,
    work: { ...work, clearance: { ...answer, atMs: nowMs } },
  };
  return { answer: deployment, deployment: { ...record, deployment } };
}

function require(id: string, record: DeploymentRecord | undefined): DeploymentRecord {
  if (!record) throw new Failure('InputInvalid', `there is no deployment ${id}`);
  return record;
}

function promotionOf({ id, work }: Deployment): PromotionRecord {
  if (!work.promotion) throw new Failure('InputInvalid', `deployment ${id} is not a promotion`);
  return work.promotion;
}
