import lambda from './data/lambda-limits.json' with { type: 'json' };
import type { Target } from './target.ts';

// A layer of an image in ECR, and an artifact is one. https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
const LAYER_MAX_BYTES = 52_000 * 1024 * 1024;

/** How large an artifact may be for any of these targets (bytes). */
export function maxArtifactBytes(offered: readonly Target[]): number {
  return offered.some((target) => target !== 'lambda')
    ? LAYER_MAX_BYTES
    : lambda.imageUncompressedMaxBytes;
}
