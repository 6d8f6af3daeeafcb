import type { ComparedRequest } from '#domain/comparison/asked-pair.ts';
import {
  type AnswerEvidence,
  lastingSigns,
  undeclarableSigns,
} from '#domain/comparison/compare-answers.ts';
import type { EarlierVerdict } from '#domain/comparison/comparison.ts';
import {
  declarationsOf,
  ENOUGH_FRESH,
  expectationsOf,
  freshSince,
  isLabelledAnew,
  isLasting,
} from '#domain/comparison/judgement.ts';
import { type ComparedVersion, exampleKeys } from '#domain/comparison/requests.ts';
import type { Deployment } from '#domain/deployment.ts';
import { failureName } from '#domain/failure.ts';
import type { ArtifactStore } from '#ports/artifact-store.ts';
import type { Registry } from '#ports/registry.ts';
import { exampleLines } from './example-lines.ts';
import { requireDeployment } from './require-deployment.ts';

type Deps = { readonly registry: Registry; readonly artifacts: ArtifactStore };

type Asked = {
  readonly deployment: Deployment;
  readonly pair: string;
  readonly requests: readonly ComparedRequest[];
};

/** The answers that decided about the same contents before, while fewer than 100 new requests have come since then; else undefined. The expectations of the owner, and the truth that came since then, are worth another look only where nothing else decided. */
export async function earlierAnswers(
  { registry, artifacts }: Deps,
  { deployment, pair, requests }: Asked,
): Promise<{ readonly answers: AnswerEvidence; readonly earlier: EarlierVerdict } | undefined> {
  const judgement = await registry.judgement(deployment.model, pair);
  if (!judgement || judgement.deploymentId === deployment.id) return undefined;
  const { atMs, deploymentId } = judgement;
  const judged = await requireDeployment(registry, deploymentId);
  const { comparison } = judged.work;
  if (!comparison || !isLasting(comparison)) return undefined;
  const before = await requireDeployment(registry, comparison.beside.deploymentId);
  const known = await examplesOf(artifacts, [before, judged]);
  const keys = known && new Set(known.flatMap(exampleKeys));
  const isKnown = (key: string) => keys?.has(key) ?? true;
  const fresh = freshSince(requests, { atMs, isKnown });
  if (fresh >= ENOUGH_FRESH) return undefined;
  const { answers } = comparison;
  const [own] = (await examplesOf(artifacts, [deployment])) ?? [];
  const then = known?.[1];
  const isOtherwise = (expected: (version: ComparedVersion) => string) =>
    own !== undefined && then !== undefined && expected(own) !== expected(then);
  const isComparedAnew = undeclarableSigns(answers).length === 0 && isOtherwise(declarationsOf);
  const isExpectedAnew =
    isComparedAnew ||
    (lastingSigns(answers).length === 0 &&
      (isLabelledAnew(requests, { atMs, answers }) || isOtherwise(expectationsOf)));
  const earlier = {
    deploymentId,
    version: judged.version,
    fresh,
    ...(isExpectedAnew && { isExpectedAnew }),
    ...(isComparedAnew && { isComparedAnew }),
  };
  return { answers, earlier };
}

/** The examples of these deployments; undefined where their files are gone: nobody knows then which request or expectation is new, and none counts as such. */
async function examplesOf(
  artifacts: ArtifactStore,
  deployments: readonly Deployment[],
): Promise<readonly ComparedVersion[] | undefined> {
  try {
    return await Promise.all(
      deployments.map(async ({ work, artifact }) => ({
        work,
        lines: await exampleLines(artifacts, artifact),
      })),
    );
  } catch (error) {
    if (failureName(error) !== 'ArtifactRejected') throw error;
    return undefined;
  }
}
