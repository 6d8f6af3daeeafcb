import type { Measurement } from '#domain/build/measurement.ts';
import type { Deployment, Weighing } from '#domain/deployment.ts';
import type { Manifest } from '#domain/manifest/manifest.ts';
import { askedOf } from './asked.ts';
import { NO_CAPS } from './caps.ts';
import { type Asked, chooseTarget, type Needs } from './choose-target.ts';
import { expectedStart, startingOf } from './cold-start.ts';
import { memoryOn } from './gpu-need.ts';
import { timedByServer } from './measured.ts';
import type { NotedStart } from './noted-start.ts';
import { ownNeeds } from './own-needs.ts';
import { TARGETS } from './target.ts';
import type { UnitPrices } from './unit-prices.ts';

/** The prices of today, and the noted starts of its runtime where models run. */
type Known = {
  readonly prices: UnitPrices;
  readonly starts: readonly NotedStart[];
};

/** The weighing of a version that no build measured, by what its own server takes: as ChooseTarget would have weighed it before the version had got any request. Undefined where no target holds it. */
export function weighedByItself(
  deployment: Deployment,
  measurement: Measurement,
  known: Known,
): Weighing | undefined {
  const own = askedByItself(deployment, measurement, known);
  if (!own) return undefined;
  const { target, allow } = own.manifest.placement;
  const request = { target, allow, offered: TARGETS };
  return chooseTarget(own.needs, request, own.asked).decision?.weighing;
}

/** The question of a version's weighing, without its options, which take ten milliseconds: that of its placement, else by what its own server took (`measured`). Undefined where neither is known. */
export function questionOf(
  deployment: Deployment,
  measured: Measurement | undefined,
  prices: UnitPrices,
): Pick<Weighing, 'question' | 'mostLater'> | undefined {
  const { weighing } = deployment.work.decision ?? {};
  if (weighing || !measured) return weighing;
  // No server is measured so where starts are noted for AWS.
  const own = askedByItself(deployment, measured, { prices, starts: [] });
  if (!own) return undefined;
  const { mostLater } = own.asked;
  return { question: own.asked, ...(mostLater !== undefined && { mostLater }) };
}

function askedByItself(
  deployment: Deployment,
  measurement: Measurement,
  { prices, starts }: Known,
): { readonly asked: Asked; readonly needs: Needs; readonly manifest: Manifest } | undefined {
  const { inspection, plan, decision } = deployment.work;
  if (!inspection || !plan || !decision) return undefined;
  const { facts, manifest } = inspection;
  const { terms } = memoryOn(facts, plan.runtime);
  const { runtime } = plan;
  const lambdaStart = expectedStart('lambda', startingOf(deployment), starts);
  const needs: Needs = {
    ...ownNeeds({ facts, terms, manifest, runtime, lambdaStart }),
    accelerator: null,
    prices,
  };
  const asked = askedOf({
    manifest,
    timed: timedByServer(measurement),
    needs,
    caps: { ...NO_CAPS, maxMonthlyUsd: decision.maxMonthlyUsd ?? null },
    before: undefined,
    lambdaConcurrency: null,
    fargateVcpus: null,
    ec2Vcpus: null,
  });
  return { asked, needs, manifest };
}
