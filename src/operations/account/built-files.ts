import { createHash } from 'node:crypto';
import type { ArtifactPart } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import type { Release } from '#domain/promotion/release.ts';

/** A file of a release and the sha256 of its bytes, in hexadecimal. */
export type CarriedFile = { readonly part: ArtifactPart; readonly sha256: string };

/** Fails with `ReleaseUntrusted` unless these are the files that the build of the release's image has read. `stage` is where they come from. */
export function requireBuilt(
  { model, from, image }: Pick<Release, 'model' | 'from' | 'image'>,
  files: readonly CarriedFile[],
  stage: string,
): void {
  const sha256 = artifactSha256(files);
  if (sha256 === image?.artifactSha256) return;
  throw new Failure(
    'ReleaseUntrusted',
    `the files of ${model} version ${from.version} in ${stage} are ${sha256}, and its image was built of ${image?.artifactSha256}`,
    { fix: `Push the model to ${stage} again, and promote the version that comes of it.` },
  );
}

/** The same as in a build: buildspecs/commands/fetch-artifact.mjs. */
function artifactSha256(files: readonly CarriedFile[]): string {
  const [only, ...others] = files;
  if (only && others.length === 0) return only.sha256;
  const lines = files
    .toSorted((a, b) => Buffer.compare(Buffer.from(a.part.name), Buffer.from(b.part.name)))
    .map(({ part, sha256 }) => `${sha256}  ${part.name}\n`);
  return createHash('sha256').update(lines.join('')).digest('hex');
}
