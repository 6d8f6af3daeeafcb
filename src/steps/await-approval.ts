import type { Deployment, Trouble } from '#domain/deployment.ts';
import { HOUR_MS } from '#domain/durations.ts';
import { APPROVAL_HOURS } from '#domain/promotion/approval.ts';
import { retrySeconds } from '#domain/registry/loops.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { Clock } from '#ports/clock.ts';
import type { Registry } from '#ports/registry.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';

type Deps = { readonly registry: Registry; readonly clock: Clock };

/** The longest wait between two looks: they get rarer, so that those of the workflow last longer than anybody is waited for. */
export const APPROVAL_WAIT_SECONDS = 900;

/** Waits without the model's lease: until a person has answered, uploads go on. */
export const awaitApproval =
  ({ registry, clock }: Deps) =>
  async (input: StepInput<'AwaitApproval'>): Promise<StepOutput<'AwaitApproval'>> => {
    const answer = { retrySeconds: 0, attempt: input.attempt + 1 };
    const deployment = await requireDeployment(registry, input.deploymentId);
    const { id, endedAtMs, admittedAtMs } = deployment;
    if (endedAtMs !== null) return { ...answer, kind: 'refused' };
    const waitedMs = clock.now() - admittedAtMs;
    const state = stateOf(deployment, waitedMs);
    if (state === 'approved') return { ...answer, kind: 'approved' };
    if (state === 'pending') {
      await registry.askApproval(id);
      return {
        kind: 'pending',
        retrySeconds: retrySeconds(waitedMs, APPROVAL_WAIT_SECONDS),
        attempt: answer.attempt,
      };
    }
    const { reason } = state;
    await registry.settle({
      deploymentId: id,
      reason,
      degraded: false,
      trouble: state,
      to: 'Rejected',
    });
    return { ...answer, kind: 'refused' };
  };

function stateOf(deployment: Deployment, waitedMs: number): 'approved' | 'pending' | Trouble {
  const { trouble, model, version, work } = deployment;
  const { needsApproval, approval, digest } = requireWork(work.promotion, 'promotion');
  if (approval?.verdict === 'approved' && approval.digest === digest) return 'approved';
  if (!needsApproval) return 'approved';
  if (trouble) return trouble;
  if (approval) {
    const reason =
      approval.verdict === 'refused'
        ? `${approval.by} refused version ${version}`
        : `${approval.by} approved ${approval.digest}, and this is ${digest}`;
    return { name: 'NotApproved', reason, fix: '' };
  }
  if (waitedMs < APPROVAL_HOURS * HOUR_MS) return 'pending';
  return {
    name: 'NotApproved',
    reason: `nobody approved version ${version} within ${APPROVAL_HOURS} h`,
    fix: `Promote ${model} again, and have somebody approve it.`,
  };
}
