import type { BakeRecord, Deployment, GoldenProof, Shift, Trouble } from '#domain/deployment.ts';
import type { LookedBake } from '#domain/progress.ts';
import { bakeSlice } from '#domain/registry/loops.ts';
import type { JudgedBy } from '#domain/rollout/bake-finding.ts';
import { type BakeEvidence, judgeBake as judge } from '#domain/rollout/judge-bake.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { Clock } from '#ports/clock.ts';
import type { Comparing } from '#ports/comparing.ts';
import type { KeptRequests } from '#ports/kept-requests.ts';
import type { MadeRevision, Metrics } from '#ports/metrics.ts';
import type { Prober } from '#ports/prober.ts';
import type { Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { judgeAnswers } from './judge-answers.ts';
import { type Probed, type ProbeResult, probe, probed } from './probe.ts';
import {
  declarationOf,
  namesRevision,
  type Proof,
  proofOf,
  type Reference,
  referenceOf,
} from './proof.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  readonly router: Router;
  readonly prober: Prober;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly comparing: Comparing;
  readonly keptRequests: KeptRequests;
  /** Whether a person is to approve what goes live here by a promotion. */
  readonly requireApproval: boolean;
};

const BURST = 10;
const BURST_MS = 5000;
/** How long before the shift the requests of the revision before are counted: as long as one machine knows. */
const BEFORE_MS = 3_600_000;
// The last latencies show how fast a revision is; a record holds no more.
const KEPT_LATENCIES = 30;

export const judgeBake =
  (deps: Deps) =>
  async (input: StepInput<'JudgeBake'>): Promise<StepOutput<'JudgeBake'>> => {
    const { registry, metrics, clock } = deps;
    const holder = { deploymentId: input.deploymentId, epoch: input.epoch };
    const deployment = await requireDeployment(registry, input.deploymentId);
    const { work } = deployment;
    const known = requireWork(work.bake, 'bake');
    const candidate = requireWork(work.candidate, 'candidate');
    const shift = requireWork(work.shift, 'shift');
    const { minRequests, alarms } = requireWork(work.inspection, 'inspection').manifest.rollout;
    const attempt = input.attempt + 1;
    // A bake of 0 s that still waits for a verdict is checked every second.
    const sliceSeconds = Math.max(1, bakeSlice(known.bakeSeconds));
    const final = finalOf(deployment);
    if (final) return { kind: final, sliceSeconds, attempt };

    const results = await burst(deps, deployment, shift);
    const counted = begunBy(clock.now(), count(known, results));
    const traffic = await metrics.traffic(candidate, counted.startedAtMs);
    const { ringing, unknown } =
      alarms.length > 0 ? await metrics.alarms(alarms) : { ringing: [], unknown: [] };
    const elapsedMs = clock.now() - counted.startedAtMs;
    const previous = await previousOf(deps, deployment);
    const paces = await pacesOf(deps, deployment, previous, counted.startedAtMs);
    const before = previous && (await metrics.traffic(previous, counted.startedAtMs - BEFORE_MS));
    const evidence = {
      ...traffic,
      bake: counted,
      before,
      minRequests,
      alarms: { named: alarms, ringing, unknown },
      paces,
      previousOwnMs: results.previousOwnMs,
      elapsedMs,
      answers: counted.answers ?? null,
    };
    const isDone = judge(evidence).kind === 'done';
    // Compared once: it takes up to a minute, and time of both servers.
    const answers = counted.answers ?? (isDone ? await judgeAnswers(deps, deployment) : null);
    const { kind, judges } = judge({ ...evidence, answers });
    const isNext = kind === 'done' && shift.step + 1 < shift.steps.length;
    const found = { judges, unknownAlarms: unknown, ...(answers && { answers }) };
    const bake = { ...counted, ...found, isOver: isNext };
    if (await registry.recordLook(holder, bake, breachIn(judges, deployment))) {
      return { kind: isNext ? 'next' : kind, sliceSeconds, attempt };
    }
    // Another run of this step has looked meanwhile: its look counts, and this one was never made.
    const since = finalOf(await requireDeployment(registry, input.deploymentId));
    return { kind: since ?? 'baking', sliceSeconds, attempt };
  };

/** The decision of an earlier look: a breach and the end of a step are final, even when the step runs again. */
function finalOf({ trouble, work }: Deployment): 'breach' | 'next' | undefined {
  if (trouble) return 'breach';
  return work.bake?.isOver ? 'next' : undefined;
}

function breachIn(judges: JudgedBy, { model }: Deployment): Trouble | null {
  const breach = judges.find(({ verdict }) => verdict === 'breach');
  return breach
    ? {
        name: 'BakeBreached',
        reason: breach.reason,
        fix:
          breach.fix ??
          `See the model's log with \`slipway logs ${model}\`, fix the model and upload it again.`,
      }
    : null;
}

/** The revision that is replaced, and who made it; null where none is. */
async function previousOf(
  { registry }: Deps,
  { work, model }: Deployment,
): Promise<MadeRevision | null> {
  const previous = work.shift?.previous;
  if (!previous || previous.revision === work.candidate?.revision) return null;
  const live = (await registry.model(model))?.live;
  // Nothing else tells who made it.
  return live?.revision === previous.revision ? { ...previous, madeBy: live.deploymentId } : null;
}

/** Only of a language model that replaces another revision. */
async function pacesOf(
  { metrics }: Deps,
  { work }: Deployment,
  previous: MadeRevision | null,
  sinceMs: number,
): Promise<BakeEvidence['paces']> {
  const { candidate } = work;
  const isMeasured = work.inspection?.facts.language !== undefined;
  if (!isMeasured || !candidate || !previous) return null;
  const [now, before] = await Promise.all([
    metrics.pace(candidate, sinceMs),
    metrics.pace(previous, sinceMs),
  ]);
  return { candidate: now, previous: before };
}

type Burst = {
  /** The candidate's own results, in the order of the rounds. */
  readonly candidate: readonly ProbeResult[];
  /** Other evidence of the shift: answers at the clients' endpoint, and the candidate's answers to the previous revision's request. */
  readonly others: readonly ProbeResult[];
  readonly previous: readonly ProbeResult[];
  /** How long the previous revision took in its own bake. */
  readonly previousOwnMs: readonly number[];
};

/**
 * At most 10 rounds, started within 5 s. Each sends one golden request to the candidate, one to the clients' endpoint, and one to the previous revision.
 * Once the candidate has all of the traffic, it is probed only through the clients' endpoint.
 */
async function burst(deps: Deps, deployment: Deployment, shift: Shift): Promise<Burst> {
  const { registry, router, prober, clock } = deps;
  const candidate = requireWork(deployment.work.candidate, 'candidate');
  const proof = await proofOf(registry, deployment);
  const isAll = shift.steps[shift.step]?.percent === 100;
  const route = router.route(deployment.model);
  const ask = async (address: string) => {
    const answer = await probed(prober, address, proof);
    if (!isAnonymous(answer, deployment)) return evidence(answer, deployment);
    return isAll ? answer.result : undefined;
  };
  const previous = await replaced(deps, deployment, shift);
  const endMs = clock.monotonicMs() + BURST_MS;
  const candidates: ProbeResult[] = [];
  const others: ProbeResult[] = [];
  const before: ProbeResult[] = [];
  for (let round = 0; round < BURST && clock.monotonicMs() < endMs; round += 1) {
    if (!isAll) candidates.push(await probe(prober, router.testPath(candidate), proof));
    const routed = await ask(route);
    if (routed) (isAll ? candidates : others).push(routed);
    if (!previous) continue;
    const theirs = await probe(prober, previous.address, previous.proof);
    before.push(theirs);
    if (theirs.kind === 'passed' && previous.due) {
      others.push(await probe(prober, router.testPath(candidate), previous.due));
    }
  }
  return { candidate: candidates, others, previous: before, previousOwnMs: previous?.ownMs ?? [] };
}

/** A right answer from a server that does not identify itself: while two revisions share the traffic, it says nothing about either. */
function isAnonymous({ by, result }: Probed, { work }: Deployment): boolean {
  return by === null && result.kind === 'passed' && !namesRevision(work);
}

/** The verdict of an answer at the clients' endpoint on the shift. An answer from the previous revision shows nothing; an answer that no model gave is a failure. */
function evidence({ by, result }: Probed, { work }: Deployment): ProbeResult | undefined {
  if (result.kind === 'busy' || by === work.candidate?.revision) return result;
  if (by !== null && by === work.shift?.previous?.revision) return undefined;

  const said = result.kind === 'failed' ? result.reason : 'it was answered 200';
  const reason = `${by === null ? 'no model' : `${by}, which has no share of the traffic,`} answered at the endpoint: ${said}`;
  return { kind: 'failed', reason };
}

type Replaced = {
  readonly address: string;
  readonly proof: Proof;
  /** The previous revision's request, when the candidate still has to answer it: the live version did not answer it during the health check. */
  readonly due: Proof | undefined;
  /** How long it took to answer this request in its own bake. */
  readonly ownMs: readonly number[];
};

/** The revision that was live, and its proof; undefined when there was none, or when a version replaces itself. */
async function replaced(
  { registry, router }: Deps,
  deployment: Deployment,
  { previous }: Shift,
): Promise<Replaced | undefined> {
  const { model, work } = deployment;
  if (!previous || previous.revision === work.candidate?.revision) return undefined;
  const versions = await registry.versions(model);
  const version = versions.find(({ revision }) => revision === previous.revision);
  if (!version) return undefined;
  const proven = await requireDeployment(registry, version.deploymentId);
  const reference = await referenceOf(registry, deployment, version);
  const isDue = reference && !isProvenBy(requireWork(work.golden, 'golden proof'), reference);
  return {
    address: router.testPath(previous),
    proof: await proofOf(registry, proven),
    ownMs: proven.work.bake?.latenciesMs ?? [],
    due: isDue ? { model, request: reference.request, declared: declarationOf(work) } : undefined,
  };
}

function isProvenBy({ sample, of }: GoldenProof, { golden }: Reference): boolean {
  return sample === golden.sample && of?.deploymentId === golden.of?.deploymentId;
}

/** A bake that the record says begins later began before the machine's clock was set back: it begins again now, or it would wait until the clock is there once more. */
function begunBy(nowMs: number, bake: LookedBake): LookedBake {
  return { ...bake, startedAtMs: Math.min(bake.startedAtMs, nowMs) };
}

/** A probe turned away by a busy revision (429) shows neither health nor harm. */
function count(bake: BakeRecord, { candidate, others, previous }: Burst): LookedBake {
  const judged = [...candidate, ...others].filter(({ kind }) => kind !== 'busy');
  const failed = judged.filter((result) => result.kind === 'failed');
  return {
    ...bake,
    looks: (bake.looks ?? 0) + 1,
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
