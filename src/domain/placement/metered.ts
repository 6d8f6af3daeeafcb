import type { DeploymentWork, GoldenProof, TargetDecision } from '#domain/deployment.ts';
import { completeScaling } from '#domain/manifest/scaling.ts';
import { mostReplicas } from './caps.ts';
import { msPerReplica } from './container-options.ts';
import { demandOf, FIRST_GUESS, NO_LIMITS, type PlacedOption, type Question } from './demand.ts';
import { atPrices, isUnnamed, ownOption } from './look-again.ts';
import { optionAt } from './optimize.ts';
import type { UnitPrices } from './unit-prices.ts';

/** The option that a version runs on, with the question by which its hours are billed. */
export type Billed = { readonly question: Question; readonly now: PlacedOption };

/** Why no bill of a version is known, and what to do about it. */
export type Unmetered = { readonly unmetered: string };

const CPU_UNITS_PER_VCPU = 1024;
const ON_EC2 =
  'what it costs on EC2 is not metered, since ECS chose its instance: upload it again, and it is placed on a type whose price is known';
const UNTIMED =
  'what it costs on Lambda is not metered, since nobody knows how long its requests take: put an `example` of a request in model.yaml, and upload it again';

/** Why no bill of a version is known; undefined where one is. */
export function whyUnmetered({
  decision,
  golden,
}: Pick<DeploymentWork, 'decision' | 'golden'>): string | undefined {
  if (decision && isUnnamed(decision)) return ON_EC2;
  const isTimed = decision?.weighing || decision?.target !== 'lambda' || provenMs(golden);
  return isTimed ? undefined : UNTIMED;
}

/**
 * How the hours of a live version are billed, by these prices: as its placement was weighed. Where no bill decided that, a function's request takes as long as the one that proved the version, and containers scale by their requests a minute.
 * `startSeconds` is how long a replica is expected to take from nothing to ready. Undefined where the version came to no target.
 */
export function meteredAs(
  work: DeploymentWork,
  prices: UnitPrices,
  startSeconds: number,
): Billed | Unmetered | undefined {
  const { decision } = work;
  const unmetered = decision && whyUnmetered(work);
  if (unmetered !== undefined) return { unmetered };
  return decision?.weighing
    ? ownOption({ ...decision, weighing: atPrices(decision.weighing, prices) })
    : assumed(work, prices, startSeconds);
}

function assumed(
  { decision, inspection, plan, image, golden }: DeploymentWork,
  prices: UnitPrices,
  startSeconds: number,
): Billed | undefined {
  if (!decision || !inspection || !plan) return undefined;
  const { target, memoryMiB, cpuUnits, instanceTypes } = decision;
  const { manifest, facts } = inspection;
  const vcpus = cpuUnits / CPU_UNITS_PER_VCPU;
  const ms = target === 'lambda' ? (provenMs(golden) ?? 0) : scaledMs(manifest.scaling, decision);
  const question: Question = {
    demand: manifest.traffic ? demandOf(manifest.traffic) : FIRST_GUESS,
    measured: {
      // It is the time on the version's own share of a CPU.
      requestMs: ms * Math.min(1, vcpus),
      parallelPart: 0,
      memoryMiB,
      imageBytes: image?.uncompressedBytes ?? facts.sizeBytes,
      startMs: startSeconds * 1000,
    },
    limits: {
      ...NO_LIMITS,
      leastReplicas: manifest.scaling.min,
      maxReplicas: mostReplicas(manifest),
    },
    allowsSpot: manifest.scaling.spot !== undefined,
    prices,
  };
  const isSpot = target !== 'lambda' && question.allowsSpot;
  return { question, now: optionAt(question, { target, isSpot, memoryMiB, vcpus, instanceTypes }) };
}

/** Undefined where only the readiness of the version was asked. */
function provenMs(golden: GoldenProof | undefined): number | undefined {
  return golden && golden.sample !== 'readiness' ? Math.max(1, golden.latencyMs) : undefined;
}

/** The time of a request by which as many replicas run as the scaling has. */
function scaledMs(
  scaling: Parameters<typeof completeScaling>[0],
  { scaling: found }: Pick<TargetDecision, 'scaling'>,
): number {
  return msPerReplica(completeScaling(scaling, found).requestsPerMinute);
}
