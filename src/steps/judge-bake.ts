import type { BakeRecord, Deployment } from '#domain/deployment.ts';
import { judgeBake as judge } from '#domain/judge-bake.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { Clock } from '#ports/clock.ts';
import type { Metrics } from '#ports/metrics.ts';
import type { Prober } from '#ports/prober.ts';
import type { Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { type ProbeResult, probe } from './probe.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  readonly router: Router;
  readonly prober: Prober;
  readonly metrics: Metrics;
  readonly clock: Clock;
};

const BURST = 10;
const BURST_MS = 5000;

export const judgeBake =
  (deps: Deps) =>
  async (input: StepInput<'JudgeBake'>): Promise<StepOutput<'JudgeBake'>> => {
    const { registry, metrics, clock } = deps;
    const holder = { deploymentId: input.deploymentId, epoch: input.epoch };
    const deployment = await requireDeployment(registry, input.deploymentId);
    const before = requireWork(deployment.work.bake, 'bake');
    const { revision } = requireWork(deployment.work.candidate, 'candidate');

    const bake = count(before, await burst(deps, deployment));
    const traffic = await metrics.traffic(revision, bake.startedAtMs);
    const verdict = judge({ bake, ...traffic, elapsedMs: clock.now() - bake.startedAtMs });
    await registry.recordWork(holder, { bake });
    if (verdict.kind === 'breach') {
      await registry.recordTrouble(holder, {
        name: 'BakeBreached',
        reason: verdict.reason,
        fix: "See the model's log with `slipway logs NAME`, mend the model and upload it again.",
      });
    }
    return { kind: verdict.kind, attempt: input.attempt + 1 };
  };

/** Golden requests through the model's own endpoint, one after the other: at most 10, begun within 5 s. */
async function burst(deps: Deps, deployment: Deployment): Promise<readonly ProbeResult[]> {
  const address = deps.router.route(deployment.model);
  const endMs = deps.clock.now() + BURST_MS;
  const results: ProbeResult[] = [];
  while (results.length < BURST && deps.clock.now() < endMs) {
    results.push(await probe(deps.prober, address, deployment));
  }
  return results;
}

/** A probe turned away by a busy revision (429) shows neither health nor harm. */
function count(bake: BakeRecord, results: readonly ProbeResult[]): BakeRecord {
  const judged = results.filter(({ kind }) => kind !== 'busy');
  const failed = judged.filter((result) => result.kind === 'failed');
  return {
    ...bake,
    probesSent: bake.probesSent + judged.length,
    probesFailed: bake.probesFailed + failed.length,
    lastFailure: failed.at(-1)?.reason ?? bake.lastFailure,
  };
}
