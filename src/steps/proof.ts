import { servedBy } from '#domain/build/image.ts';
import { RUNTIMES } from '#domain/build/runtime.ts';
import type { Deployment, GoldenProof } from '#domain/deployment.ts';
import { declaredOf } from '#domain/manifest/declared.ts';
import type { RevisionRef } from '#domain/placement/target.ts';
import {
  type Declared,
  exampleOf,
  type GoldenRequest,
  goldenRequest,
} from '#domain/rollout/golden-request.ts';
import { takesAlike } from '#domain/rollout/same-inputs.ts';
import type { Registry } from '#ports/registry.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';
import type { Asked } from './unverified.ts';

/** The request to a model version (null: only its readiness is checked), and what its answer is judged by. */
export type Proof = {
  readonly model: string;
  readonly request: GoldenRequest | null;
  readonly declared: Declared;
};

/** The proof of a version that was found healthy. */
export async function proofOf(
  registry: Registry,
  { model, work }: Pick<Deployment, 'model' | 'work'>,
): Promise<Proof> {
  const { sample, of } = requireWork(work.golden, 'golden proof');
  const declared = declarationOf(work);
  if (sample === 'readiness') return { model, request: null, declared };
  const asked = of
    ? declarationOf((await requireDeployment(registry, of.deploymentId)).work)
    : declared;
  return { model, request: goldenRequest(asked, sample), declared };
}

/** The request that proved the live version; `golden` is the proof to record for a candidate that answers it. */
export type Reference = {
  readonly live: RevisionRef;
  readonly request: GoldenRequest;
  readonly golden: Pick<GoldenProof, 'sample' | 'of'>;
};

/**
 * The request that a candidate has to answer because the `live` version does, according to the deployment that made it.
 * Undefined where the test would be unfair: the candidate has an example of its own or declares other inputs, no request proved the live version, or the candidate is a restarted version, already proven.
 */
export async function referenceOf(
  registry: Registry,
  candidate: Deployment,
  live: RevisionRef & { readonly deploymentId: string },
): Promise<Reference | undefined> {
  const own = declarationOf(candidate.work);
  const { revision } = requireWork(candidate.work.candidate, 'candidate');
  if (isRestarted(candidate) || revision === live.revision || exampleOf(own)) return undefined;
  const proven = await requireDeployment(registry, live.deploymentId);
  const { request, declared } = await proofOf(registry, proven);
  if (!request || !takesAlike(own.signature, declared.signature)) return undefined;
  const { sample, of = { deploymentId: proven.id, revision: live.revision } } = requireWork(
    proven.work.golden,
    'golden proof',
  );
  // A generated request counts as the candidate's own when it declares the same inputs.
  const isOwn = sample !== 'example' && own.signature !== null;
  return { live, request, golden: isOwn ? { sample } : { sample, of } };
}

/** Whether another deployment made, and proved, the candidate's revision. */
export function isRestarted({ id, work }: Deployment): boolean {
  return requireWork(work.candidate, 'candidate').madeBy !== id;
}

/** How to check that traffic reaches `revision`, which this deployment or an earlier one made. */
export function askedOf({ work }: Pick<Deployment, 'work'>, revision: string): Asked {
  const { server } = declarationOf(work);
  return { revision, path: server.healthPath, isNamed: namesRevision(work) };
}

/** Whether the answers of the version's server name its revision. */
export function namesRevision({ plan, image }: Deployment['work']): boolean {
  const { runtime } = servedBy({ ...requireWork(plan, 'plan'), modelFile: '' }, image);
  return RUNTIMES[runtime].namesRevision;
}

export function declarationOf(work: Deployment['work']): Declared {
  return declaredOf(requireWork(work.inspection, 'inspection'), work);
}
