import type { BuiltImage } from '#domain/build/image.ts';
import type { RevisionSpec } from '#ports/platform.ts';

/** The image that a revision shares with no other of `specs`; undefined when it has none, or shares it. */
export function ownImage(revision: string, specs: readonly RevisionSpec[]): BuiltImage | undefined {
  const image = specs.find((spec) => spec.revision === revision)?.image;
  const isShared = specs.some(
    (spec) => spec.revision !== revision && spec.image?.tag === image?.tag,
  );
  return image && !isShared ? image : undefined;
}
