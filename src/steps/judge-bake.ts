import type { BakeRecord, Deployment, Shift } from '#domain/deployment.ts';
import { judgeBake as judge } from '#domain/judge-bake.ts';
import { bakeSlice } from '#domain/loops.ts';
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
// Those of the last slices say how fast a revision is; a record holds no more.
const KEPT_LATENCIES = 30;

export const judgeBake =
  (deps: Deps) =>
  async (input: StepInput<'JudgeBake'>): Promise<StepOutput<'JudgeBake'>> => {
    const { registry, metrics, clock } = deps;
    const holder = { deploymentId: input.deploymentId, epoch: input.epoch };
    const deployment = await requireDeployment(registry, input.deploymentId);
    const { work } = deployment;
    const before = requireWork(work.bake, 'bake');
    const candidate = requireWork(work.candidate, 'candidate');
    const shift = requireWork(work.shift, 'shift');
    const { minRequests, alarms } = requireWork(work.inspection, 'inspection').manifest.rollout;
    const attempt = input.attempt + 1;
    // What lasts beyond a bake of none is looked at every second.
    const sliceSeconds = Math.max(1, bakeSlice(before.bakeSeconds));
    // A breach stays one when the step runs again.
    if (deployment.trouble) return { kind: 'breach', sliceSeconds, attempt };
    if (before.isOver) return { kind: 'next', sliceSeconds, attempt };

    const counted = count(before, await burst(deps, deployment, shift));
    const traffic = await metrics.traffic(candidate, counted.startedAtMs);
    const { ringing, unknown } =
      alarms.length > 0 ? await metrics.alarms(alarms) : { ringing: [], unknown: [] };
    const elapsedMs = clock.now() - counted.startedAtMs;
    const verdict = judge({ bake: counted, ...traffic, minRequests, ringing, elapsedMs });
    const isNext = verdict.kind === 'done' && shift.step + 1 < shift.steps.length;
    const judgedBy = verdict.kind === 'done' ? verdict.judgedBy : 'probes';
    const known = { judgedBy, unknownAlarms: unknown };
    await registry.recordWork(holder, { bake: { ...counted, ...known, isOver: isNext } });
    if (verdict.kind === 'breach') {
      await registry.recordTrouble(holder, {
        name: 'BakeBreached',
        reason: verdict.reason,
        fix: `See the model's log with \`slipway logs ${deployment.model}\`, mend the model and upload it again.`,
      });
    }
    return { kind: isNext ? 'next' : verdict.kind, sliceSeconds, attempt };
  };

type Burst = {
  readonly candidate: readonly ProbeResult[];
  readonly previous: readonly ProbeResult[];
};

/** Golden requests to the candidate and, in turn with them, to the revision it replaces: at most 10 of each, begun within 5 s. */
async function burst(deps: Deps, deployment: Deployment, shift: Shift): Promise<Burst> {
  const { router, prober, clock } = deps;
  const candidate = requireWork(deployment.work.candidate, 'candidate');
  // What clients call, once all of it is the candidate's; until then the way to the candidate alone.
  const isAll = shift.steps[shift.step]?.percent === 100;
  const address = isAll ? router.route(deployment.model) : router.testPath(candidate);
  const previous = await replaced(deps, deployment, shift);
  const endMs = clock.now() + BURST_MS;
  const results = { candidate: [] as ProbeResult[], previous: [] as ProbeResult[] };
  while (results.candidate.length < BURST && clock.now() < endMs) {
    results.candidate.push(await probe(prober, address, deployment));
    if (previous) results.previous.push(await probe(prober, previous.address, previous.proven));
  }
  return results;
}

/** The revision that was live, and what it was proven by; undefined for none, and for a version that replaces itself. */
async function replaced(
  { registry, router }: Deps,
  { model, work }: Deployment,
  { previous }: Shift,
) {
  if (!previous || previous.revision === work.candidate?.revision) return undefined;
  const versions = await registry.versions(model);
  const version = versions.find(({ revision }) => revision === previous.revision);
  if (!version) return undefined;
  const proven = await requireDeployment(registry, version.deploymentId);
  return { address: router.testPath(previous), proven };
}

/** A probe turned away by a busy revision (429) shows neither health nor harm. */
function count(bake: BakeRecord, { candidate, previous }: Burst): BakeRecord {
  const judged = candidate.filter(({ kind }) => kind !== 'busy');
  const failed = judged.filter((result) => result.kind === 'failed');
  return {
    ...bake,
    probesSent: bake.probesSent + judged.length,
    probesFailed: bake.probesFailed + failed.length,
    lastFailure: failed.at(-1)?.reason ?? bake.lastFailure,
    latenciesMs: lasting(bake.latenciesMs, candidate),
    previousLatenciesMs: lasting(bake.previousLatenciesMs, previous),
  };
}

function lasting(known: readonly number[], results: readonly ProbeResult[]): readonly number[] {
  const passed = results.flatMap((result) => (result.kind === 'passed' ? [result.latencyMs] : []));
  return [...known, ...passed.map(Math.round)].slice(-KEPT_LATENCIES);
}
