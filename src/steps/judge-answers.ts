import { judgeComparison } from '#domain/comparison/judge-comparison.ts';
import { sentRequests } from '#domain/comparison/requests.ts';
import { type Deployment, isSameModel } from '#domain/deployment.ts';
import type { Finding } from '#domain/rollout/bake-finding.ts';
import { errorAtStep } from '#domain/rollout/error-budget.ts';
import type { Clock } from '#ports/clock.ts';
import type { Comparing } from '#ports/comparing.ts';
import type { KeptRequests } from '#ports/kept-requests.ts';
import type { Prober } from '#ports/prober.ts';
import type { Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { clientRequests } from './client-requests.ts';
import { askVersions, gated, policyOf, seedOf, whyUnsent } from './compare-versions.ts';
import { isRestarted } from './proof.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  readonly router: Router;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly comparing: Comparing;
  readonly keptRequests: KeptRequests;
  /** Whether a person is to approve what goes live here by a promotion. */
  readonly requireApproval: boolean;
};

/**
 * The judge of what clients got since this step of the shift. The version before is asked what clients asked the new one, and the new one what they asked the version before; their answers are compared as before the shift, by the same policy.
 * Too little evidence holds nobody back here: whether it is enough was decided before the shift.
 */
export async function judgeAnswers(deps: Deps, deployment: Deployment): Promise<Finding> {
  const { registry } = deps;
  const { model, version, work } = deployment;
  const { step } = requireWork(work.shift, 'shift');
  const { startedAtMs } = requireWork(work.bake, 'bake');
  const { manifest } = requireWork(work.inspection, 'inspection');
  const live = (await registry.model(model))?.live;
  const isReplaced = live && live.revision !== requireWork(work.candidate, 'candidate').revision;
  if (!isReplaced) return unproven('there is no other version to compare them with');
  if (isRestarted(deployment)) return unproven('it was live before, and is not compared');
  if (!manifest.capture) return unproven('capture is off, so none that clients got are kept');
  const before = await requireDeployment(registry, live.deploymentId);
  if (isSameModel(before, deployment)) {
    return { verdict: 'passed', reason: 'it serves the same bytes as the version before' };
  }
  const unsent = whyUnsent(before, deployment);
  if (unsent) return unproven(`${unsent}, so no request of clients is sent again`);

  const seed = seedOf(before, deployment);
  const kept = { model, live: live.version, judged: version, sinceMs: startedAtMs };
  const requests = sentRequests(await clientRequests(deps, kept), seed);
  if (requests.length === 0) return unproven('no request since the shift was kept');
  const error = errorAtStep(step + 1);
  const answers = await askVersions(deps, { deployment, before, live, requests, error });
  const differences = work.comparison?.differences ?? [];
  const judged = judgeComparison({
    isSameModel: false,
    // A breaking difference of the artifacts was judged before the shift.
    differences: differences.filter(({ weight }) => weight !== 'breaking'),
    answers,
    tolerated: policyOf(deployment).expect.changed,
  });
  const { asked, changed } = answers.kept;
  if (judged.verdict === 'unproven') {
    return unproven(
      `${asked} requests since the shift were compared, ${changed} of them answered otherwise, which does not decide`,
    );
  }
  const reason = `what clients got since the shift is ${judged.verdict}, compared with version ${live.version}: ${judged.reason}`;
  const { requireApproval } = deps;
  const decision = gated(judged, { live, requireApproval }, deployment);
  switch (decision.kind) {
    case 'passed':
    case 'declared':
      return { verdict: 'passed', reason };
    case 'blocked':
      return { verdict: 'breach', reason, fix: decision.fix };
    case 'asked':
      if (isCleared(deployment, judged.verdict)) return { verdict: 'passed', reason };
      return {
        verdict: 'breach',
        reason: `${reason}; nobody has approved that`,
        fix: 'Upload it again: by the requests that were kept since, somebody is asked before any traffic moves.',
      };
  }
}

function unproven(reason: string): Finding {
  return { verdict: 'unproven', reason };
}

/** Whether a person has approved it; who approved a changed version has not approved a broken one. */
function isCleared({ work: { clearance } }: Deployment, verdict: 'changed' | 'broken' | 'same') {
  if (clearance?.verdict !== 'approved') return false;
  return verdict !== 'broken' || clearance.isForced === true;
}
