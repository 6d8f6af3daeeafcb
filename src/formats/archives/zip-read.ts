import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { type ByteReader, readerOf } from '#formats/bytes/byte-reader.ts';
import { pagedSource } from '#formats/bytes/paged-source.ts';
import { quoted } from '#formats/rejected.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import type { ArchiveLimits } from './limits.ts';
import { badArchive } from './names.ts';
import {
  type Compressed,
  chunksOf,
  inflated,
  partOf,
  streamedSource,
  verifyContent,
} from './stream.ts';
import { findDirectory } from './zip-directory.ts';
import { DEFLATED, DESCRIPTOR, entriesOf, STORED, type ZipEntry } from './zip-entry.ts';
import { ELSEWHERE, extraFields, fieldsOf, widened } from './zip-fields.ts';

const MAX_DIRECTORY_BYTES = 4 * 1024 * 1024;
// A larger stored file is read, and checked, when the archive is unpacked.
const CHECKED_BYTES = 16 * 1024 * 1024;
const SIGNATURE = 0x04034b50;
const HEADER_BYTES = 30;
const DESCRIPTOR_SIGNATURE = 0x08074b50;

/**
 * The files in a zip, in the order of their bytes. Deflated content, and stored content up to 16 MiB, is read once to verify its size and checksum.
 * Fails with `ArtifactRejected` unless directory, headers and contents agree, and cover the file without a gap or an overlap.
 */
export async function zipFiles(
  file: ByteSource,
  archive: string,
  limits: ArchiveLimits,
): Promise<readonly ArtifactFile[]> {
  const source = pagedSource(file);
  const directory = await findDirectory(source, archive);
  const directoryBytes = directory.end - directory.start;
  if (directoryBytes > MAX_DIRECTORY_BYTES) {
    throw badArchive(
      archive,
      `has a directory of ${directoryBytes} bytes; the limit is ${MAX_DIRECTORY_BYTES}`,
    );
  }
  const bytes = await source.read(directory.start, directoryBytes);
  const entries = entriesOf(bytes, directory, archive, limits);
  const starts = await contentStarts(source, entries, directory.start, archive);
  const files: ArtifactFile[] = [];
  // The entries are read in file order: a source that is a stream starts over for each backward read.
  for (const entry of [...entries].sort((a, b) => a.offset - b.offset)) {
    const start = starts.get(entry) ?? 0;
    const called = `${archive}: the entry ${quoted(entry.name ?? 'folder')}`;
    const from: Compressed = {
      source,
      what: called,
      method: 'deflate',
      start,
      end: start + entry.storedBytes,
    };
    const isChecked = entry.method === DEFLATED || entry.sizeBytes <= CHECKED_BYTES;
    if (isChecked)
      await verifyContent(
        entry.method === DEFLATED ? inflated(from) : chunksOf(from),
        called,
        entry,
      );
    const { name, sizeBytes } = entry;
    if (name === undefined) continue;
    const open = async () =>
      entry.method === STORED
        ? partOf(source, start, sizeBytes)
        : streamedSource(sizeBytes, () => inflated(from));
    const { storedBytes, crc } = entry;
    const isDeflated = entry.method === DEFLATED;
    const member = { name, offset: start, sizeBytes, storedBytes, isDeflated, crc };
    files.push({ name, sizeBytes, member, open });
  }
  return files;
}

/** Where each entry's content begins. Entries must follow each other in file order, without gaps, from the first byte. */
async function contentStarts(
  source: ByteSource,
  entries: readonly ZipEntry[],
  directoryAt: number,
  archive: string,
): Promise<ReadonlyMap<ZipEntry, number>> {
  const starts = new Map<ZipEntry, number>();
  const reader = readerOf(source);
  const inOrder = [...entries].sort((a, b) => a.offset - b.offset);
  for (const entry of inOrder) {
    if (entry.offset !== reader.position) {
      const what = entry.offset < reader.position ? 'overlaps' : 'leaves a gap after';
      throw badArchive(archive, `has an entry at byte ${entry.offset} which ${what} another`);
    }
    await readLocalHeader(reader, entry, archive);
    starts.set(entry, reader.position);
    await reader.skip(entry.storedBytes);
    if ((entry.flags & DESCRIPTOR) !== 0) await readDescriptor(reader, entry, archive);
  }
  if (reader.position === directoryAt) return starts;
  throw badArchive(
    archive,
    `has entries up to byte ${reader.position}, but its directory starts at byte ${directoryAt}`,
  );
}

async function readLocalHeader(
  reader: ByteReader,
  entry: ZipEntry,
  archive: string,
): Promise<void> {
  const header = await reader.take(HEADER_BYTES);
  const differs = () =>
    badArchive(archive, `describes the entry at byte ${entry.offset} twice, with differences`);
  if (header.length < HEADER_BYTES) throw differs();
  const fields = fieldsOf(header);
  const signature = fields.u32();
  fields.bytes(2);
  const [flags, method] = [fields.u16(), fields.u16()];
  fields.bytes(4);
  const crc = fields.u32();
  const [stored, size] = [fields.u32(), fields.u32()];
  const [nameBytes, extraBytes] = [fields.u16(), fields.u16()];
  const name = await reader.take(nameBytes);
  const extra = extraFields(await reader.take(extraBytes), archive);

  if (signature !== SIGNATURE || flags !== entry.flags || method !== entry.method) throw differs();
  if (Buffer.compare(name, entry.rawName) !== 0) throw differs();
  if ((flags & DESCRIPTOR) !== 0) {
    // The descriptor after the content has the sizes; the header has 0, the 64-bit marker, or the sizes themselves.
    const isFine = (said: number, known: number) => [0, ELSEWHERE, known].includes(said);
    const { sizeBytes, storedBytes } = entry;
    if (isFine(size, sizeBytes) && isFine(stored, storedBytes) && isFine(crc, entry.crc)) return;
    throw differs();
  }
  const [sizeBytes, storedBytes] = widened([size, stored], extra, archive);
  if (sizeBytes !== entry.sizeBytes || storedBytes !== entry.storedBytes || crc !== entry.crc) {
    throw differs();
  }
}

/** Written after content whose size was not known in advance: with or without a signature, in 32 or 64 bits. */
async function readDescriptor(reader: ByteReader, entry: ZipEntry, archive: string): Promise<void> {
  const differs = () =>
    badArchive(archive, `contradicts itself after the entry at byte ${entry.offset}`);
  const first = await reader.take(4);
  if (first.length < 4) throw differs();
  const isSigned = fieldsOf(first).u32() === DESCRIPTOR_SIGNATURE;
  const crcBytes = isSigned ? await reader.take(4) : first;
  const narrow = await reader.take(8);
  if (crcBytes.length < 4 || narrow.length < 8) throw differs();
  if (fieldsOf(crcBytes).u32() !== entry.crc) throw differs();
  const fields = fieldsOf(narrow);
  if (fields.u32() === entry.storedBytes && fields.u32() === entry.sizeBytes) return;
  const rest = await reader.take(8);
  const wide = fieldsOf(Buffer.concat([narrow, rest]));
  if (rest.length === 8 && wide.u64() === entry.storedBytes && wide.u64() === entry.sizeBytes) {
    return;
  }
  throw differs();
}
