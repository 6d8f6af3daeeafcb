import image from '#domain/data/image-limits.json' with { type: 'json' };
import lambda from '#domain/data/lambda-limits.json' with { type: 'json' };
import type { ArtifactPart } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import type { Target } from '#domain/placement/target.ts';

/** The largest artifact that any of these targets takes (bytes). One file may be all of it, and becomes one layer of an image. */
export function maxArtifactBytes(offered: readonly Target[]): number {
  return offered.some((target) => target !== 'lambda')
    ? image.layerMaxBytes
    : lambda.imageUncompressedMaxBytes;
}

/** How many files an artifact may have besides its manifest. */
export const MAX_PARTS = 1000;

// Together with everything else about 1,000 files, this fits in one registry record: 400 KB on AWS.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const MAX_KEY_BYTES = 100_000;

/** All of the files, or if they are too many for an artifact, just enough to show that. */
export function untilTooMany<File extends Pick<ArtifactPart, 'key'>>(
  files: readonly File[],
): readonly File[] {
  let keyBytes = 0;
  return files.slice(0, MAX_PARTS + 1).filter(({ key }) => {
    const isBefore = keyBytes <= MAX_KEY_BYTES;
    keyBytes += Buffer.byteLength(key);
    return isBefore;
  });
}

/** Why an artifact cannot have all of these files; undefined when it can. */
export function tooManyParts(
  key: string,
  parts: readonly Pick<ArtifactPart, 'key'>[],
): Failure | undefined {
  const keyBytes = parts.reduce((sum, part) => sum + Buffer.byteLength(part.key), 0);
  const isMany = parts.length > MAX_PARTS;
  if (!isMany && keyBytes <= MAX_KEY_BYTES) return undefined;
  const reason = isMany
    ? `${key} has more than ${MAX_PARTS} files beside it, which is the limit`
    : `the keys of the files beside ${key} have more than ${MAX_KEY_BYTES} bytes in total, which is the limit`;
  return new Failure('ArtifactRejected', reason, {
    fix: 'Upload only the files that the model is served from, or an archive of them.',
  });
}
