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

/** What a version of a model is asked, null for its readiness alone, and what its answer is judged by. */
export type Proof = {
  readonly model: string;
  readonly request: GoldenRequest | null;
  readonly declared: Declared;
};

/** What a version that was found healthy was proven by. */
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

/** The request that the live version was proven by; `golden` is what a candidate that answers it is proven by. */
export type Reference = {
  readonly live: RevisionRef;
  readonly request: GoldenRequest;
  readonly golden: Pick<GoldenProof, 'sample' | 'of'>;
};

/**
 * What a candidate has to answer because the version does that is `live`, by the deployment that made it.
 * Undefined where that would be no fair test: the candidate has an example, which says what it answers, or declares other inputs; where the live version was proven by no request; and for a version that is started again, which has been proven.
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
  // A made request is the candidate's own where it declares the same.
  const isOwn = sample !== 'example' && own.signature !== null;
  return { live, request, golden: isOwn ? { sample } : { sample, of } };
}

/** Whether its revision was made, and proven, by another deployment. */
export function isRestarted({ id, work }: Deployment): boolean {
  return requireWork(work.candidate, 'candidate').madeBy !== id;
}

/** How it is seen that the traffic is on a revision that this deployment, or one before it, made of its version. */
export function askedOf({ work }: Pick<Deployment, 'work'>, revision: string): Asked {
  const { server } = declarationOf(work);
  return { revision, path: server.healthPath, isNamed: namesRevision(work) };
}

/** Whether the answers of what serves a deployment's version say which revision gave them. */
export function namesRevision({ plan, image }: Deployment['work']): boolean {
  const { runtime } = servedBy({ ...requireWork(plan, 'plan'), modelFile: '' }, image);
  return RUNTIMES[runtime].namesRevision;
}

export function declarationOf(work: Deployment['work']): Declared {
  return declaredOf(requireWork(work.inspection, 'inspection'), work);
}
