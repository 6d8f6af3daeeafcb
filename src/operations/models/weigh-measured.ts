import type { Measurement } from '#domain/build/measurement.ts';
import type { Deployment, Weighing } from '#domain/deployment.ts';
import { askedOf } from '#domain/placement/asked.ts';
import { NO_CAPS } from '#domain/placement/caps.ts';
import { chooseTarget, type Needs } from '#domain/placement/choose-target.ts';
import { expectedStart, startingOf } from '#domain/placement/cold-start.ts';
import { memoryOn } from '#domain/placement/gpu-need.ts';
import type { Learnt } from '#domain/placement/learnt.ts';
import type { NotedStart } from '#domain/placement/noted-start.ts';
import { ownNeeds } from '#domain/placement/own-needs.ts';
import { TARGETS } from '#domain/placement/target.ts';
import type { UnitPrices } from '#domain/placement/unit-prices.ts';

/** The requests that it got, the prices of today, and the noted starts of its runtime where models run. */
type Known = {
  readonly learnt: Learnt | undefined;
  readonly prices: UnitPrices;
  readonly starts: readonly NotedStart[];
};

/** The weighing of a version that no build measured, by what its own server takes: as ChooseTarget would have weighed it. Undefined where no target holds it. */
export function weighedByItself(
  deployment: Deployment,
  measurement: Measurement,
  { learnt, prices, starts }: Known,
): Weighing | undefined {
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
    timed: { ...measurement, serverMs: 0 },
    needs,
    caps: { ...NO_CAPS, maxMonthlyUsd: decision.maxMonthlyUsd ?? null },
    before: learnt && { learnt, target: decision.target },
    lambdaConcurrency: null,
    fargateVcpus: null,
    ec2Vcpus: null,
  });
  const { target, allow } = manifest.placement;
  const request = { target, allow, offered: TARGETS };
  return chooseTarget(needs, request, asked).decision?.weighing;
}
