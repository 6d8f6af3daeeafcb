import { announcePhase } from '#domain/announce.ts';
import type { Approval, Deployment, PromotionRecord } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import type { DeploymentRecord, RegistryWrite } from '#domain/registry/write.ts';

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
  { verdict, digest, by }: Omit<Approval, 'atMs'>,
): RegistryWrite<Deployment> {
  return {
    deploymentId,
    decide({ deployment: known }, nowMs) {
      const record = require(deploymentId, known);
      const { phase, model, version, work } = record.deployment;
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

function require(id: string, record: DeploymentRecord | undefined): DeploymentRecord {
  if (!record) throw new Failure('InputInvalid', `there is no deployment ${id}`);
  return record;
}

function promotionOf({ id, work }: Deployment): PromotionRecord {
  if (!work.promotion) throw new Failure('InputInvalid', `deployment ${id} is not a promotion`);
  return work.promotion;
}
