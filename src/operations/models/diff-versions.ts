import type { ComparisonView, VersionDiff } from '#control/comparison.ts';
import type { Comparison } from '#domain/comparison/comparison.ts';
import { factDifferences, knownVersion } from '#domain/comparison/fact-differences.ts';
import type { Deployment, Model, ModelVersion } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import type { Registry } from '#ports/registry.ts';
import { deploymentOf } from './version-deployment.ts';

/** How two versions differ by what is known of them; `to` is the live version where it is null, and `from` the one that it was compared with, or that was live before. */
export async function diffVersions(
  registry: Registry,
  model: Model,
  { from, to }: { readonly from: number | null; readonly to: number | null },
): Promise<VersionDiff> {
  const versions = await registry.versions(model.name);
  const newer = to ?? model.live?.version;
  if (newer === undefined) {
    throw new Failure('InputInvalid', `${model.name} has no live version`, {
      fix: twoNamed(model, versions),
    });
  }
  const after = await deploymentOf(registry, { ...model, versions }, newer);
  const found = after.work.comparison;
  const older = from ?? found?.beside.version ?? liveBefore(model, versions, newer);
  const before = await deploymentOf(registry, { ...model, versions }, older);
  return {
    from: older,
    to: newer,
    differences: factDifferences(known(before), known(after)),
    comparison: found?.beside.version === older ? comparisonView(found, after) : null,
  };
}

/** A comparison as the control API shows it. */
export function comparisonView(
  found: Comparison,
  { work: { clearance } }: Pick<Deployment, 'work'>,
): ComparisonView {
  const { verdict, level, reason, decision, differences } = found;
  const { version, revision } = found.beside;
  const beside = { version, revision };
  // For the gate alone: all are among the signs.
  const { unmet: _, failed: __, declarable: ___, ...answers } = found.answers;
  const answered = clearance && {
    verdict: clearance.verdict,
    by: clearance.by,
    atMs: clearance.atMs,
  };
  return {
    ...{ verdict, level, reason, beside, decision, differences, answers },
    ...(answered && { answered }),
  };
}

function known({ model, version, work }: Deployment) {
  if (work.inspection) return knownVersion(work.inspection, work);
  throw new Failure('InputInvalid', `version ${version} of ${model} was never inspected`, {
    fix: `Versions that can be compared: \`slipway versions ${model}\`.`,
  });
}

/** The newest version below it that went live. */
function liveBefore(
  { name }: Pick<Model, 'name'>,
  versions: readonly ModelVersion[],
  version: number,
): number {
  const older = versions.map((each) => each.version).filter((each) => each < version);
  if (older.length > 0) return Math.max(...older);
  throw new Failure('InputInvalid', `no version of ${name} went live before version ${version}`, {
    fix: twoNamed({ name }, versions),
  });
}

/** The command for the two newest versions that went live; there may be none or one. */
function twoNamed({ name }: Pick<Model, 'name'>, versions: readonly ModelVersion[]): string {
  const [newer, older] = versions
    .map(({ version }) => version)
    .toSorted((one, other) => other - one);
  if (older !== undefined) {
    return `Name two versions: \`slipway diff ${name} --from ${older} --to ${newer}\`.`;
  }
  return newer === undefined
    ? 'None of its versions went live: `slipway status` says why.'
    : `One version went live: \`slipway diff FILE --name ${name} --from ${newer}\` compares a file with it.`;
}
