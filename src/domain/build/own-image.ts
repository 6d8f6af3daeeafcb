import { Failure } from '#domain/failure.ts';
import { RUNTIMES, type RuntimeName } from './runtime.ts';

/** The custom images that may be models: none, one that the manifest names, or also one that is built from the Dockerfile beside it. */
export const OWN_IMAGES = ['none', 'named', 'built'] as const;

export type OwnImages = (typeof OWN_IMAGES)[number];

const FIX: Readonly<Record<'none' | 'named', string>> = {
  none: 'Deploy the stack with --param ownImages=named for images that model.yaml names, or ownImages=built for Dockerfiles too (docs/security.md#images-of-their-owners-own). Or upload the model in a format that Slipway serves itself.',
  named:
    'Build and push the image yourself, and name it by its digest as `runtime.image` in model.yaml. Or deploy the stack with --param ownImages=built (docs/security.md#images-of-their-owners-own).',
};

/** Whether the model's image is built from the Dockerfile beside it; `named` is the image that its manifest names. */
export function isFromDockerfile(runtime: RuntimeName, named: string | undefined): boolean {
  return RUNTIMES[runtime].image.madeBy === 'dockerfile' && named === undefined;
}

/** Fails with `ArtifactRejected` where the model is an image that this Slipway does not allow; `named` is the image that its manifest names. */
export function requireOwnImage(
  allowed: OwnImages,
  runtime: RuntimeName,
  named: string | undefined,
): void {
  if (RUNTIMES[runtime].image.madeBy !== 'dockerfile' || allowed === 'built') return;
  if (allowed === 'named' && named !== undefined) return;
  const what = named === undefined ? 'is built from its own Dockerfile' : 'is an image of its own';
  throw new Failure(
    'ArtifactRejected',
    `the model ${what}, which this Slipway does not allow (ownImages is ${allowed})`,
    { fix: FIX[allowed] },
  );
}
