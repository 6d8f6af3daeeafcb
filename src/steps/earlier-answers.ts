import type { ComparedRequest } from '#domain/comparison/asked-pair.ts';
import type { AnswerEvidence } from '#domain/comparison/compare-answers.ts';
import type { EarlierVerdict } from '#domain/comparison/comparison.ts';
import { ENOUGH_FRESH, freshSince, isLasting } from '#domain/comparison/judgement.ts';
import { exampleKeys } from '#domain/comparison/requests.ts';
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

/** The answers that decided about the same contents before, while fewer than 100 new requests have come since then; else undefined. */
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
  const isKnown = await examplesOf(artifacts, [before, judged]);
  const fresh = freshSince(requests, { atMs, isKnown });
  if (fresh >= ENOUGH_FRESH) return undefined;
  const earlier = { deploymentId, version: judged.version, fresh };
  return { answers: comparison.answers, earlier };
}

/** Whether an example is among those of these deployments. Where their files are gone, nobody knows, and none counts as new. */
async function examplesOf(
  artifacts: ArtifactStore,
  deployments: readonly Deployment[],
): Promise<(key: string) => boolean> {
  const known = new Set<string>();
  try {
    for (const { work, artifact } of deployments) {
      const lines = await exampleLines(artifacts, artifact);
      for (const key of exampleKeys({ work, lines })) known.add(key);
    }
  } catch (error) {
    if (failureName(error) !== 'ArtifactRejected') throw error;
    return () => true;
  }
  return (key) => known.has(key);
}
