import type { GoldenRequest } from './deployment.ts';
import type { Manifest } from './manifest.ts';
import type { Datatype, Signature, TensorSpec } from './signature.ts';

/** What a model says of itself before anything ran. */
export type Declared = { readonly signature: Signature; readonly manifest: Manifest };

/** One request to try: the manifest's example, or one made from the signature with its free sizes at `size`. */
export type GoldenCandidate =
  | { readonly kind: 'example' }
  | { readonly kind: 'made'; readonly size: number };

// 32 suits most detectors, which fail at 8 and 16; 224 is ImageNet's size, 320 that of small detectors.
const SIZES = [1, 32, 64, 224, 320] as const;

/** A made body of more bytes is not sent: Lambda takes about 4.5 MB after base64. */
export const MAX_GOLDEN_BYTES = 4_000_000;

/**
 * The requests to try, in this order until one is answered 200: the manifest's first example alone, where it has one.
 * Without one they are made from the signature, one per size, and only one when no size is free but the first of each input.
 * Empty when each would be larger than `MAX_GOLDEN_BYTES`.
 */
export function goldenCandidates({ signature, manifest }: Declared): readonly GoldenCandidate[] {
  if (manifest.examples.length > 0) return [{ kind: 'example' }];
  const isResizable = signature.inputs.some(({ shape }) => shape.filter(isFree).length > 1);
  const sizes = isResizable ? SIZES : SIZES.slice(0, 1);
  return sizes
    .filter((size) => bodyBytes(signature, size) <= MAX_GOLDEN_BYTES)
    .map((size) => ({ kind: 'made', size }));
}
