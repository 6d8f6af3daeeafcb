import type { Measurement } from '#domain/build/measurement.ts';
import {
  type Deployment,
  isSameModel,
  type ModelVersion,
  type TargetDecision,
} from '#domain/deployment.ts';
import { startingOf } from '#domain/placement/cold-start.ts';
import type { UnitPrices } from '#domain/placement/unit-prices.ts';
import { weighedByItself } from '#domain/placement/weigh-measured.ts';
import type { Registry } from '#ports/registry.ts';

type Versions = Pick<Registry, 'versions'>;

/** The times that the server of a version took once it was live; undefined where nobody has measured it so, as where its build did. */
export async function measuredLive(
  registry: Versions,
  { model, version }: Pick<ModelVersion, 'model' | 'version'>,
): Promise<Measurement | undefined> {
  return measuredOf({ version }, await registry.versions(model));
}

/** The same, among the versions of its model. */
export function measuredOf(
  { version }: Pick<ModelVersion, 'version'>,
  versions: readonly ModelVersion[],
): Measurement | undefined {
  return versions.find((each) => each.version === version)?.measured;
}

/** The same of the newest version that serves the same model file in the same environment as a deployment. */
export async function measuredBefore(
  registry: Versions & Pick<Registry, 'deployment'>,
  deployment: Deployment,
): Promise<Measurement | undefined> {
  for (const { measured, deploymentId } of await registry.versions(deployment.model)) {
    const made = measured && (await registry.deployment(deploymentId));
    if (made && isSameModel(made, deployment)) return measured;
  }
  return undefined;
}

/** The decision by which a live version is billed: with the weighing of its placement, else with one by what its server took once it was live. It has none where neither is known. */
export async function decisionOf(
  {
    registry,
    isSpent,
  }: { readonly registry: Pick<Registry, 'versions' | 'starts'>; readonly isSpent: boolean },
  live: ModelVersion,
  { made, prices }: { readonly made: Deployment; readonly prices: UnitPrices },
): Promise<TargetDecision | undefined> {
  const { decision } = made.work;
  if (!decision || decision.weighing) return decision;
  const measured = await measuredLive(registry, live);
  if (!measured) return decision;
  // The starts of one machine say nothing about those of AWS.
  const starts = isSpent ? await registry.starts(startingOf(made).runtime) : [];
  const weighing = weighedByItself(made, measured, { prices, starts });
  return weighing ? { ...decision, weighing } : decision;
}
