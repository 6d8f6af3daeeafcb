import type { Span } from '#formats/bytes/byte-window.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { badArchive } from './names.ts';
import { ELSEWHERE, ELSEWHERE_16, fieldsOf } from './zip-fields.ts';

/** The position of a zip's central directory, and the number of entries that it lists. */
export type ZipDirectory = Span & { readonly entries: number };

const END = { signature: 0x06054b50, bytes: 22 } as const;
const LOCATOR = { signature: 0x07064b50, bytes: 20 } as const;
const END_64 = { signature: 0x06064b50, bytes: 56 } as const;
const LONGEST_COMMENT = 0xffff;
const REUPLOAD = 'Upload the whole file again.';

/** The fields of an end record; `start` is its offset. */
type End = {
  readonly start: number;
  readonly disks: readonly number[];
  readonly entriesHere: number;
  readonly entries: number;
  readonly size: number;
  readonly offset: number;
};

/**
 * Locates a zip's central directory from the end of the file.
 * Fails with `ArtifactRejected` for trailing bytes, gaps between the parts, or 32-bit and 64-bit end records that differ.
 */
export async function findDirectory(source: ByteSource, archive: string): Promise<ZipDirectory> {
  const end = await findEnd(source, archive);
  const wide = await findWideEnd(source, end, archive);
  if (wide) refuseContradiction(end, wide, archive);
  const { start, disks, entriesHere, entries, size, offset } = wide ?? end;
  if (disks.some((disk) => disk !== 0) || entriesHere !== entries) {
    throw badArchive(archive, 'is one part of several');
  }
  if (offset + size === start) return { start: offset, end: start, entries };
  throw badArchive(
    archive,
    `says that its directory has ${size} bytes from ${offset} on, but it ends at byte ${start}`,
  );
}

async function findEnd(source: ByteSource, archive: string): Promise<End> {
  const tailBytes = Math.min(source.sizeBytes, END.bytes + LONGEST_COMMENT);
  const from = source.sizeBytes - tailBytes;
  const tail = Buffer.from(await source.read(from, tailBytes));
  const at = tail.lastIndexOf('PK\x05\x06', Math.max(0, tail.length - END.bytes), 'latin1');
  if (at < 0 || tail.length < END.bytes) {
    throw badArchive(archive, 'is not a complete zip: it has no directory at its end', REUPLOAD);
  }
  const fields = fieldsOf(tail.subarray(at));
  fields.u32();
  const disks = [fields.u16(), fields.u16()];
  const entriesHere = fields.u16();
  const entries = fields.u16();
  const size = fields.u32();
  const offset = fields.u32();
  const commentBytes = fields.u16();
  if (at + END.bytes + commentBytes !== tail.length) {
    throw badArchive(archive, 'continues after the end of its directory, or ends before it');
  }
  return { start: from + at, disks, entriesHere, entries, size, offset };
}

async function findWideEnd(
  source: ByteSource,
  end: End,
  archive: string,
): Promise<End | undefined> {
  const locatorAt = end.start - LOCATOR.bytes;
  const isWide = [end.size, end.offset].includes(ELSEWHERE) || [end.entries].includes(ELSEWHERE_16);
  const locator = locatorAt < 0 ? undefined : await source.read(locatorAt, LOCATOR.bytes);
  const found = locator && fieldsOf(locator);
  if (!found || found.u32() !== LOCATOR.signature) {
    if (isWide) throw badArchive(archive, 'says that it has a 64-bit directory, but has none');
    return undefined;
  }
  const disk = found.u32();
  const start = found.u64();
  if (disk !== 0 || found.u32() !== 1) throw badArchive(archive, 'is one part of several');
  if (start !== locatorAt - END_64.bytes) {
    throw badArchive(archive, 'has a 64-bit end record that is not followed by the next record');
  }
  const fields = fieldsOf(await source.read(start, END_64.bytes));
  if (fields.u32() !== END_64.signature || fields.u64() !== END_64.bytes - 12) {
    throw badArchive(archive, 'has a damaged 64-bit end record');
  }
  fields.bytes(4);
  return {
    start,
    disks: [fields.u32(), fields.u32()],
    entriesHere: fields.u64(),
    entries: fields.u64(),
    size: fields.u64(),
    offset: fields.u64(),
  };
}

function refuseContradiction(end: End, wide: End, archive: string): void {
  const agrees = (narrow: number, value: number, elsewhere: number) =>
    narrow === elsewhere || narrow === value;
  if (
    agrees(end.entries, wide.entries, ELSEWHERE_16) &&
    agrees(end.entriesHere, wide.entriesHere, ELSEWHERE_16) &&
    agrees(end.size, wide.size, ELSEWHERE) &&
    agrees(end.offset, wide.offset, ELSEWHERE)
  ) {
    return;
  }
  throw badArchive(archive, 'describes its directory twice, with differences');
}
