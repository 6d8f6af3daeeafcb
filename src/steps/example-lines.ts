import {
  EXAMPLES_FILE,
  type ExampleLine,
  readExamples,
  requireReadable,
} from '#domain/comparison/examples-file.ts';
import type { Artifact, ArtifactPart } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import type { ArtifactStore } from '#ports/artifact-store.ts';

/** The examples that came with an artifact; empty where there are none. Fails with `ArtifactRejected` where they cannot be read. */
export async function exampleLines(
  artifacts: ArtifactStore,
  { bucket, parts }: Artifact,
): Promise<readonly ExampleLine[]> {
  const part = parts.find(({ name }) => name === EXAMPLES_FILE);
  if (!part || part.sizeBytes === 0) return [];
  requireReadable(part.key, part.sizeBytes);
  return readExamples(await textOf(artifacts, bucket, part), part.key);
}

/** The whole text of a file. Fails with `ArtifactRejected` where it is not UTF-8. */
export async function textOf(
  artifacts: ArtifactStore,
  bucket: string,
  { key, versionId, sizeBytes }: Omit<ArtifactPart, 'name'>,
): Promise<string> {
  if (sizeBytes === 0) return '';
  const source = await artifacts.open({ bucket, key, versionId });
  const bytes = await source.read(0, sizeBytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Failure('ArtifactRejected', `${key} is not UTF-8 text`, {
      cause,
      fix: 'Save the file as UTF-8.',
    });
  }
}
