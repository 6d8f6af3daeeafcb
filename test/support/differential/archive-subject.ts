import { createHash } from 'node:crypto';
import { openArchive } from '#formats/archives/open.ts';
import { contentOf, MAX_BYTES, memoryFile } from '../bytes/archive-files.ts';

/** The files that inspection finds in an archive: name, size, place and the hash of the content. */
export async function inspectedArchive(bytes: Buffer, kind: 'zip' | 'tar'): Promise<unknown> {
  const name = kind === 'zip' ? 'a.zip' : bytes[0] === 0x1f ? 'a.tar.gz' : 'a.tar';
  const files = await openArchive(memoryFile(name, bytes), MAX_BYTES);
  const found: unknown[] = [];
  for (const file of files) {
    const content = await contentOf(file);
    const sha256 = createHash('sha256').update(content).digest('hex');
    found.push([file.name, file.sizeBytes, file.member?.offset, sha256]);
  }
  return { kind: bytes.toString('latin1', 0, 2) === 'PK' ? 'zip' : 'tar', files: found };
}
