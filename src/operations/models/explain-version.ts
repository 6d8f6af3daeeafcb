import type { Explanation } from '#control/explanation.ts';
import { BUILD_MACHINES } from '#domain/build/build-machine.ts';
import { measurementOf, servedBy } from '#domain/build/image.ts';
import type { Measurement } from '#domain/build/measurement.ts';
import type { BuildProof } from '#domain/build/proof.ts';
import { RUNTIMES } from '#domain/build/runtime.ts';
import type {
  Advice,
  BuildPlan,
  Deployment,
  Model,
  ModelVersion,
  TargetDecision,
  Weighing,
} from '#domain/deployment.ts';
import type { Manifest } from '#domain/manifest/manifest.ts';
import { besideOptions } from '#domain/placement/beside.ts';
import { expectedStart, startingOf, timed } from '#domain/placement/cold-start.ts';
import { demandOf, type Question } from '#domain/placement/demand.ts';
import { demandCurve } from '#domain/placement/demand-curve.ts';
import { nextChange } from '#domain/placement/flips.ts';
import type { Learnt } from '#domain/placement/learnt.ts';
import { liveBill, useOf } from '#domain/placement/live-bill.ts';
import {
  type AdviceRule,
  adviceOf,
  askedAgain,
  atPrices,
  type Got,
  lookAgain,
} from '#domain/placement/look-again.ts';
import type { NotedStart } from '#domain/placement/noted-start.ts';
import { onceKnown, rankedOptions } from '#domain/placement/optimize.ts';
import { averagedOver } from '#domain/placement/tiers.ts';
import { completed, SHIPPED_PRICES, type UnitPrices } from '#domain/placement/unit-prices.ts';
import { waysToSpendLess } from '#domain/placement/ways.ts';
import { weighedByItself } from '#domain/placement/weigh-measured.ts';
import { toldTrouble } from '#domain/registry/kept.ts';
import type { Clock } from '#ports/clock.ts';
import type { DemandHistory } from '#ports/demand-history.ts';
import type { Prices } from '#ports/prices.ts';
import type { Registry } from '#ports/registry.ts';
import { gotBy, ifKnown } from '#steps/learnt-before.ts';
import { comparisonView } from './diff-versions.ts';
import type { MeasureLive } from './measure-live.ts';
import { stateOf } from './model-status.ts';
import type { UseTogether } from './use-together.ts';
import { deploymentOf, unknownVersion } from './version-deployment.ts';

type Deps = {
  readonly registry: Registry;
  readonly demand: DemandHistory;
  readonly clock: Pick<Clock, 'now'>;
  readonly prices: Pick<Prices, 'read'>;
  /** Whether running a model costs what AWS charges: not on one machine. */
  readonly isSpent: boolean;
  /** Measures a live version that no build has measured; null in an account, where builds measure all but those with a GPU. */
  readonly measureLive: MeasureLive | null;
  /** The use of all live versions together; null where nobody wants to know the bill. */
  readonly together: UseTogether | null;
};

/** Explains the decisions and findings about a version, and weighs the live one by the requests that it got; any other is weighed as it was when it was placed. */
export async function explainVersion(
  deps: Deps,
  model: Model,
  version: number | null,
): Promise<Explanation> {
  const { registry } = deps;
  const { live } = model;
  const versions = await registry.versions(model.name);
  const deployment =
    version === null
      ? await registry.deployment(model.live?.deploymentId ?? model.newestDeploymentId)
      : await deploymentOf(registry, { ...model, versions }, version);
  if (!deployment) throw unknownVersion(model, version);
  const isLive = deployment.id === live?.deploymentId;
  const { decision, image } = deployment.work;
  const isUnmeasured = decision && !decision.weighing && !decision.accelerator && !image;
  const measurement =
    isLive && isUnmeasured && deps.measureLive ? await deps.measureLive(live) : undefined;
  const isWeighed = isLive && (decision?.weighing !== undefined || measurement !== undefined);
  const [got, prices = SHIPPED_PRICES] = await Promise.all([
    isWeighed ? ifKnown(gotBy(deps, live)) : undefined,
    ifKnown(deps.prices.read()),
  ]);
  const isNewest = deployment.id === model.newestDeploymentId;
  const starting = startingOf(deployment);
  const starts = await registry.starts(starting.runtime);
  // The starts of one machine say nothing about those of AWS.
  const noted = deps.isSpent ? starts : [];
  const known = { got, prices, measurement, starts: noted, isSpent: deps.isSpent, isNewest };
  const weighed = weighingOf(deployment, known);
  return {
    ...explanation(deployment),
    ...standingOf(deployment, versions, live),
    options: timed(deployment.work.decision?.options ?? [], starting, noted),
    ...startOf(deployment, starts),
    prices,
    ...weighed,
    ...(await billOf(deployment, {
      together: deps.together,
      isLive,
      prices,
      question: weighed.weighing?.question,
    })),
  };
}

type Billed = {
  readonly together: UseTogether | null;
  readonly isLive: boolean;
  readonly prices: UnitPrices;
  readonly question: Question | undefined;
};

/** The bill of the option that it took, as its share of what all use and as if it were alone. */
async function billOf(
  { model, work: { decision, golden } }: Deployment,
  { together, isLive, prices, question }: Billed,
): Promise<Pick<Explanation, 'bill'>> {
  const taken = decision?.options.find((option) => option.taken);
  if (!taken || !together) return {};
  const use = useOf({ taken, question });
  const all = await together(isLive ? undefined : { model, use });
  const placed = { taken, question, provedMs: golden?.latencyMs };
  const { usdPerMonth } = liveBill(placed, averagedOver(prices, all));
  const { usdPerMonth: aloneUsdPerMonth } = liveBill(placed, averagedOver(prices, use));
  return { bill: { usdPerMonth, aloneUsdPerMonth, together: all } };
}

/** Which version is live, and the state of this one if it ever was. */
function standingOf(
  { version }: Deployment,
  versions: readonly ModelVersion[],
  live: Model['live'],
): Pick<Explanation, 'live' | 'state'> {
  const known = versions.find((each) => each.version === version);
  return { live: live?.version ?? null, ...(known && { state: stateOf(known, live) }) };
}

/** The knowledge beside the record: the requests that the version got, the prices of today, what its own server takes where no build measured it, the noted starts of its runtime, whether they are paid, and whether the version is the newest upload. */
type Known = {
  readonly got: Got | undefined;
  readonly prices: UnitPrices;
  readonly measurement: Measurement | undefined;
  readonly starts: readonly NotedStart[];
  readonly isSpent: boolean;
  readonly isNewest: boolean;
};

/** The weighing for the traffic of the manifest, else for what the version got, else for the first guess. */
function weighingOf(
  deployment: Deployment,
  { got, prices, measurement, starts, ...rest }: Known,
): Pick<Explanation, 'weighing' | 'advice'> {
  const { decision, inspection } = deployment.work;
  const later = measurement && weighedByItself(deployment, measurement, { prices, starts });
  const decided = decision?.weighing ?? later;
  if (!decision || !decided) return {};
  const today = { ...decision, weighing: atPrices(decided, prices) };
  const placement = inspection?.manifest.placement;
  const isDeclared = inspection?.manifest.traffic !== undefined;
  const weighing = got && !isDeclared ? weighedBy(today.weighing, got.learnt) : asDecided(decided);
  const advice = got && adviceFor(today, got, { move: placement?.move ?? 'advise', ...rest });
  const known = onceKnown(weighing);
  const change = nextChange(known);
  return {
    weighing: {
      ...weighing,
      ...(later && { isLater: true as const }),
      byDemand: demandCurve(known),
      flipsAt: change.flip?.requestsPerSecond ?? null,
      ...change,
      ways: waysToSpendLess(weighing.question),
      beside: besideOptions(weighing.question),
    },
    ...(advice && { advice }),
  };
}

/** The weighing as it was, by prices that an earlier Slipway may have known fewer of. */
function asDecided(weighing: Weighing): Weighing {
  const { prices } = weighing.question;
  return prices ? atPrices(weighing, completed(prices)) : weighing;
}

function weighedBy(weighing: Weighing, got: Learnt) {
  const question = askedAgain(weighing, got);
  return {
    question,
    isGuess: false,
    learntDays: got.days,
    options: rankedOptions(question),
  };
}

function adviceFor(decision: TargetDecision, got: Got, rule: AdviceRule): Advice | null {
  const look = lookAgain(decision, got, rule);
  return look ? adviceOf(look, rule) : null;
}

/** The start of the version, beside what the others of its kind would have predicted: of those with a spare server, or of those without. */
function startOf(
  deployment: Deployment,
  starts: readonly NotedStart[],
): Pick<Explanation, 'start'> {
  const { target, startMs, fromSpare } = deployment.work.candidate ?? {};
  if (!target || startMs === undefined) return {};
  const others = starts.filter(
    (start) => start.deploymentId !== deployment.id && start.fromSpare === fromSpare,
  );
  const expected = expectedStart(target, startingOf(deployment), others);
  const { coldStartSeconds, notedStarts } = expected;
  const expectedSeconds = notedStarts > 0 ? coldStartSeconds : null;
  const found = { seconds: startMs / 1000, expectedSeconds, notedStarts };
  return { start: { ...found, ...(fromSpare && { fromSpare }) } };
}

function explanation(deployment: Deployment): Omit<Explanation, 'options'> {
  const { id, model, version, phase, artifact, work } = deployment;
  const { inspection, plan, image, decision, golden, comparison, bake, promotion } = work;
  const sizeBytes = artifact.parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  return {
    model,
    version,
    deploymentId: id,
    phase,
    trouble: toldTrouble(deployment),
    artifact: {
      key: artifact.key,
      sizeBytes,
      format: inspection?.facts.format ?? null,
      parameters: inspection?.facts.parameters ?? null,
      ...(artifact.droppedBy && { droppedBy: artifact.droppedBy }),
    },
    runtime: runtimeOf(deployment),
    ...builtOn(plan),
    image: image
      ? {
          digest: image.digest,
          compressedBytes: image.compressedBytes,
          uncompressedBytes: image.uncompressedBytes,
          ...(image.layers && { layers: image.layers }),
          // Absent in records from before builds ran a smoke test.
          smoke: image.smoke ?? null,
        }
      : null,
    target: decision?.target ?? null,
    ...(inspection?.manifest.traffic && { traffic: demandOf(inspection.manifest.traffic) }),
    ...(inspection?.manifest.team && { team: inspection.manifest.team }),
    proof: golden ?? null,
    comparison: comparison ? comparisonView(comparison, deployment) : null,
    shift: shiftOf(deployment),
    ...judgesOf(deployment),
    promotion: promotion
      ? {
          from: promotion.from,
          digest: promotion.digest,
          proof: promotion.proof,
          needsApproval: promotion.needsApproval,
          approval: promotion.approval,
          ...(promotion.signed !== undefined && { signed: promotion.signed }),
        }
      : null,
    probes: bake ? { sent: bake.probesSent, failed: bake.probesFailed } : null,
  };
}

function builtOn(plan: BuildPlan | undefined): Pick<Explanation, 'builtOn'> {
  const machine = BUILD_MACHINES.find(({ name }) => name === plan?.machine);
  return machine ? { builtOn: machine } : {};
}

function runtimeOf({ work: { inspection, plan, image } }: Deployment): Explanation['runtime'] {
  if (!inspection || !plan) return null;
  const { framework } = inspection.facts;
  const proof = image?.proof;
  const { noQuota } = (image && measurementOf(image)) ?? {};
  const { runtime } = servedBy({ ...plan, modelFile: inspection.facts.modelFile }, image);
  return {
    name: runtime,
    title: RUNTIMES[runtime].title.replace('{python}', plan.python?.python ?? ''),
    framework: framework && [framework.name, framework.version].filter(Boolean).join(' '),
    python: plan.python?.python ?? null,
    packages: proof?.packages ?? [],
    proof: proof
      ? {
          conversion: proof.conversion,
          importMs: proof.importMs,
          loadMs: proof.loadMs,
          peakBytes: proof.peakBytes,
          ...(proof.batching && { batching: batchingOf(proof.batching, inspection.manifest) }),
        }
      : null,
    ...(noQuota && { noQuota }),
  };
}

function batchingOf(
  proven: NonNullable<BuildProof['batching']>,
  { server }: Manifest,
): NonNullable<BuildProof['batching']> {
  if (server.batching !== 'off') return proven;
  return { rows: 1, reason: 'server.batching is off in model.yaml' };
}

function judgesOf({ work: { bake } }: Deployment): Pick<Explanation, 'judges'> {
  if (!bake?.judges) return {};
  return { judges: bake.judges.map(({ judge, verdict, reason }) => ({ judge, verdict, reason })) };
}

function shiftOf({ phase, work: { shift } }: Deployment): Explanation['shift'] {
  if (!shift) return null;
  const { previous, steps, step } = shift;
  return {
    previous: previous?.revision ?? null,
    steps,
    done: phase === 'Live' ? steps.length : step,
  };
}
