import {
  EXAMPLES_FILE,
  type ExampleLine,
  examplesReader,
  requireReadable,
} from '#domain/comparison/examples-file.ts';
import type { Artifact, ArtifactPart } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import type { ArtifactStore } from '#ports/artifact-store.ts';

/** So much of a file is read before others have their turn: on one machine the gateway answers clients in the same process. */
const PORTION_BYTES = 512 * 1024;

/** The examples that came with an artifact; empty where there are none. Fails with `ArtifactRejected` where they cannot be read. */
export async function exampleLines(
  artifacts: ArtifactStore,
  { bucket, parts }: Artifact,
): Promise<readonly ExampleLine[]> {
  const part = parts.find(({ name }) => name === EXAMPLES_FILE);
  if (!part || part.sizeBytes === 0) return [];
  requireReadable(part.key, part.sizeBytes);
  const reader = examplesReader(part.key);
  for await (const text of textIn(artifacts, bucket, part)) reader.take(text);
  return reader.end();
}

/** The whole text of a file. Fails with `ArtifactRejected` where it is not UTF-8. */
export async function textOf(
  artifacts: ArtifactStore,
  bucket: string,
  part: Part,
): Promise<string> {
  let whole = '';
  for await (const text of textIn(artifacts, bucket, part)) whole += text;
  return whole;
}

type Part = Omit<ArtifactPart, 'name'>;

async function* textIn(
  artifacts: ArtifactStore,
  bucket: string,
  { key, versionId, sizeBytes }: Part,
): AsyncGenerator<string> {
  if (sizeBytes === 0) return;
  const source = await artifacts.open({ bucket, key, versionId });
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for (let start = 0; start < sizeBytes; start += PORTION_BYTES) {
    const end = Math.min(start + PORTION_BYTES, sizeBytes);
    const bytes = await source.read(start, end - start);
    yield decoded(() => decoder.decode(bytes, { stream: end < sizeBytes }), key);
  }
}

function decoded(decode: () => string, key: string): string {
  try {
    return decode();
  } catch (cause) {
    throw new Failure('ArtifactRejected', `${key} is not UTF-8 text`, {
      cause,
      fix: 'Save the file as UTF-8.',
    });
  }
}
