import type { ArtifactFacts } from '#domain/artifact/facts.ts';
import type { MemoryTerm } from '#domain/artifact/memory-term.ts';
import type { BuiltImage } from '#domain/build/image.ts';
import type { RuntimeName } from '#domain/build/runtime.ts';
import { type Manifest, memoryMiB } from '#domain/manifest/manifest.ts';
import { isStreamed, type Needs } from './choose-target.ts';
import type { ExpectedStart } from './cold-start.ts';
import { containerMemoryBytes, expectedMemoryBytes } from './expected-memory.ts';
import { lossOnLambda, portRefusal } from './own-image.ts';

type Version = {
  readonly facts: ArtifactFacts;
  readonly terms: readonly MemoryTerm[];
  readonly manifest: Manifest;
  readonly runtime: RuntimeName;
  readonly image?: BuiltImage | undefined;
  readonly lambdaStart: ExpectedStart;
};

/** The needs of a version that its facts, its manifest and its image say; those by the account and the accelerator are not among them. */
export function ownNeeds({ facts, terms, manifest, runtime, image, lambdaStart }: Version) {
  const memoryBytes = expectedMemoryBytes({ ...facts, terms }, image);
  return {
    // The image holds the artifact and its runtime; without an image there is only the artifact.
    imageBytes: image?.uncompressedBytes ?? facts.sizeBytes,
    lambdaStart,
    isStreaming: isStreamed(facts),
    memoryBytes,
    ...(image && { containerMemoryBytes: containerMemoryBytes(memoryBytes, image.smoke) }),
    memoryMiB: memoryMiB(manifest),
    replicas: manifest.scaling.min,
    refusedByLambda: portRefusal(manifest) ?? image?.smoke?.refusedByLambda,
    lossOnLambda: lossOnLambda(runtime),
  } satisfies Partial<Needs>;
}
