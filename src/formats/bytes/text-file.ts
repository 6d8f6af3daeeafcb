import { rejected } from '#formats/rejected.ts';
import type { ArtifactFile } from './artifact-file.ts';

/** Reads a file of the artifact as text. Fails with `ArtifactRejected` when it is not UTF-8, or is longer than `maxBytes`. */
export async function readText(
  { name, sizeBytes, open }: ArtifactFile,
  maxBytes = 256 * 1024,
): Promise<string> {
  if (sizeBytes > maxBytes) {
    throw rejected(
      `${name} is ${sizeBytes} bytes; the limit is ${maxBytes}`,
      'Keep in it what the model needs, and put data in other files.',
    );
  }
  const bytes = await (await open()).read(0, sizeBytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw rejected(`${name} is not UTF-8 text`, 'Save it as UTF-8.');
  }
}
