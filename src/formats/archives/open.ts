import { posix } from 'node:path';
import type { Unpacking } from '#domain/artifact/facts.ts';
import { KNOWN_FILES } from '#domain/artifact/known-files.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { readerOf, readerOfStream } from '#formats/bytes/byte-reader.ts';
import { HEAD_BYTES } from '#formats/known-formats.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { type ArchiveLimits, MAX_ENTRIES } from './limits.ts';
import { badArchive } from './names.ts';
import { type Compressed, inflated, partOf, streamedSource } from './stream.ts';
import { type TarMember, tarMembers } from './tar-read.ts';
import { zipFiles } from './zip-read.ts';

const ENDINGS = KNOWN_FILES.filter((kind) => kind.isArchive).flatMap(({ endings }) => endings);
const USTAR_AT = 257;
const GZIP = Buffer.of(0x1f, 0x8b);

/** Recognised by name: a zip, a tar, or a gzipped tar. Many model formats are zips too, but do not count as archives here. */
export function isArchive(name: string): boolean {
  const lower = name.toLowerCase();
  return ENDINGS.some((ending) => lower.endsWith(ending));
}

/** How to unpack these files from the archive they were found in. `isGzipped` means the same as in `openArchive`. */
export async function unpackingOf(
  { name, open }: ArtifactFile,
  files: readonly ArtifactFile[],
): Promise<Unpacking> {
  const head = await (await open()).read(0, GZIP.length);
  const members = files.flatMap(({ member }) => (member ? [member] : []));
  return { archive: name, isGzipped: Buffer.from(head).equals(GZIP), members };
}

/**
 * Lists the files in an archive without unpacking any; `maxBytes` limits their total size. A nested archive is listed as a file.
 * Seeking backwards in gzip or deflate data decompresses again from the start.
 * Fails with `ArtifactRejected` unless the whole archive is well-formed, harmless, and holds only plain files.
 */
export async function openArchive(
  { name, open }: ArtifactFile,
  maxBytes: number,
): Promise<readonly ArtifactFile[]> {
  const source = await open();
  const head = Buffer.from(await source.read(0, HEAD_BYTES));
  const files = await filesIn(source, head, name, { maxBytes, maxEntries: MAX_ENTRIES });
  if (files.length > 0) return files;
  throw badArchive(name, 'holds no file', 'Pack the files of the model.');
}

async function filesIn(
  source: ByteSource,
  head: Buffer,
  name: string,
  limits: ArchiveLimits,
): Promise<readonly ArtifactFile[]> {
  const starts = head.toString('latin1', 0, 4);
  if (starts === 'PK\x03\x04' || starts === 'PK\x05\x06') return zipFiles(source, name, limits);
  if (head.subarray(0, GZIP.length).equals(GZIP)) return gzippedFiles(source, name, limits);
  if (head.toString('latin1', USTAR_AT, USTAR_AT + 5) === 'ustar') {
    const members = await tarMembers(readerOf(source), name, limits);
    return members.map((member) => fileOf(member, async () => source));
  }
  throw badArchive(
    name,
    `is not a ${posix.extname(name).slice(1) || 'valid archive'}: its first bytes are not those of an archive`,
    'Upload the archive that `tar czf` or `zip -r` wrote.',
  );
}

async function gzippedFiles(
  source: ByteSource,
  name: string,
  limits: ArchiveLimits,
): Promise<readonly ArtifactFile[]> {
  const from: Compressed = { source, what: name, method: 'gzip', start: 0, end: source.sizeBytes };
  const tar = readerOfStream(inflated(from));
  const members = await tarMembers(tar, name, limits);
  // All files share one stream, so reading them in order decompresses it once.
  const whole = streamedSource(tar.position, () => inflated(from));
  return members.map((member) => fileOf(member, async () => whole));
}

function fileOf(
  { name, sizeBytes, offset }: TarMember,
  open: () => Promise<ByteSource>,
): ArtifactFile {
  return {
    name,
    sizeBytes,
    member: { name, offset, sizeBytes, storedBytes: sizeBytes, isDeflated: false, crc: null },
    open: async () => partOf(await open(), offset, sizeBytes),
  };
}
