import { openArchive } from '#formats/archives/open.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { bytesSource } from './sources.ts';

export const MAX_BYTES: number = 64 * 2 ** 20;

export function memoryFile(name: string, content: Uint8Array | string): ArtifactFile {
  const bytes = Buffer.from(content);
  return { name, sizeBytes: bytes.length, open: async () => bytesSource(bytes) };
}

/** Opens an archive and reads all that it holds, by name. */
export async function unpacked(
  bytes: Uint8Array,
  name: string,
  maxBytes = MAX_BYTES,
): Promise<Readonly<Record<string, Buffer>>> {
  const files = await openArchive(memoryFile(name, bytes), maxBytes);
  const contents: Record<string, Buffer> = {};
  for (const file of files) contents[file.name] = await contentOf(file);
  return contents;
}

export async function contentOf(file: ArtifactFile): Promise<Buffer> {
  const source = await file.open();
  return Buffer.from(await source.read(0, file.sizeBytes));
}
