import type { ByteReader } from '#formats/bytes/byte-reader.ts';
import { quoted } from '#formats/rejected.ts';
import { type ArchiveLimits, archiveBudget } from './limits.ts';
import { archiveNames, badArchive, textOf } from './names.ts';
import { BLOCK_BYTES, readHeader, type TarHeader } from './tar-header.ts';
import { type PaxRecords, paxRecords } from './tar-pax.ts';

/** A file in a tar; `offset` is where its bytes begin. */
export type TarMember = {
  readonly name: string;
  readonly offset: number;
  readonly sizeBytes: number;
};

const MAX_EXTENDED_BYTES = 64 * 1024;
const MAX_PADDING_BYTES = 1024 * 1024;

const SLASH = 0x2f;

// The first size that 11 octal digits cannot hold; from here on a pax entry's own header may say 0.
const OCTAL_BYTES = 8 ** 11;

const KINDS: Readonly<Record<string, string>> = {
  '1': 'a hard link',
  '2': 'a symbolic link',
  '3': 'a character device',
  '4': 'a block device',
  '6': 'a named pipe',
  S: 'a sparse file',
  K: 'a link with a long name',
};

/** The content of the records before an entry. */
type Extended = { readonly kind: 'none' | 'long name' | 'pax' } & PaxRecords;

/**
 * Every file in a tar, in order, from the headers alone; contents are skipped.
 * Fails with `ArtifactRejected` unless the tar is complete and holds only plain files and folders with harmless names.
 */
export async function tarMembers(
  tar: ByteReader,
  archive: string,
  limits: ArchiveLimits,
): Promise<readonly TarMember[]> {
  const budget = archiveBudget(archive, limits);
  const names = archiveNames(archive);
  const members: TarMember[] = [];
  let before: Extended = { kind: 'none' };

  for (;;) {
    const at = tar.position;
    const block = await take(tar, BLOCK_BYTES, archive);
    if (block.every((byte) => byte === 0)) {
      if (before.kind !== 'none') throw truncated(archive, at);
      await refuseMore(tar, archive);
      return members;
    }
    budget.entry();
    const header = readHeader(block, archive, at);
    if (isExtended(header)) {
      if (before.kind !== 'none') {
        throw badArchive(archive, `has two extended headers for one entry, at byte ${at}`);
      }
      before = await readExtended(tar, header, archive);
      continue;
    }
    const member = entryOf(header, before, archive);
    before = { kind: 'none' };
    const name = names.add(member.name, member.isFolder);
    if (name !== undefined) {
      budget.files(member.sizeBytes);
      members.push({ name, offset: tar.position, sizeBytes: member.sizeBytes });
    }
    await skipContent(tar, member.sizeBytes, archive);
  }
}

function isExtended({ type }: TarHeader): boolean {
  return type === 'L' || type === 'x' || type === 'g';
}

async function readExtended(
  tar: ByteReader,
  { type, sizeBytes }: TarHeader,
  archive: string,
): Promise<Extended> {
  if (sizeBytes > MAX_EXTENDED_BYTES) {
    throw badArchive(
      archive,
      `has an extended header of ${sizeBytes} bytes; the limit is ${MAX_EXTENDED_BYTES}`,
    );
  }
  const content = await take(tar, sizeBytes, archive);
  await skipPadding(tar, sizeBytes, archive);
  if (type === 'L') {
    const end = content.at(-1) === 0 ? content.length - 1 : content.length;
    return { kind: 'long name', path: textOf(content.subarray(0, end), archive) };
  }
  const records = paxRecords(content, archive);
  if (type === 'x') return { kind: 'pax', ...records };
  if (records.path === undefined && records.sizeBytes === undefined) return { kind: 'none' };
  throw badArchive(archive, 'has a global header which gives every entry one name or size');
}

function entryOf({ name, sizeBytes, type }: TarHeader, before: Extended, archive: string) {
  const written = before.path ?? textOf(name, archive);
  const entry = `the entry ${quoted(written)}`;
  if (!['0', '\0', '5'].includes(type)) {
    const kind = KINDS[type] ?? `of the unknown type ${JSON.stringify(type)}`;
    throw badArchive(archive, `has ${entry}, which is ${kind}`);
  }
  const said = before.sizeBytes ?? sizeBytes;
  if (said !== sizeBytes && !(said >= OCTAL_BYTES && sizeBytes === 0)) {
    throw badArchive(archive, `says of ${entry} that it has ${sizeBytes} bytes, but also ${said}`);
  }
  const isFolder = type === '5';
  // In the oldest type, readers take an entry for a folder by the name in its own header, whatever a record before it says.
  const isNamedSo = written.endsWith('/') || (type === '\0' && name.at(-1) === SLASH);
  if (!isFolder && isNamedSo) {
    throw badArchive(archive, `has ${entry}, a folder by its name but not by its type`);
  }
  if (isFolder && said > 0) throw badArchive(archive, `has ${entry}, a folder with content`);
  return { name: written, sizeBytes: said, isFolder };
}

async function take(tar: ByteReader, length: number, archive: string): Promise<Uint8Array> {
  const bytes = await tar.take(length);
  if (bytes.length < length) throw truncated(archive, tar.position);
  return bytes;
}

async function skipContent(tar: ByteReader, length: number, archive: string): Promise<void> {
  if ((await tar.skip(length)) < length) throw truncated(archive, tar.position);
  await skipPadding(tar, length, archive);
}

async function skipPadding(tar: ByteReader, length: number, archive: string): Promise<void> {
  const padding = (BLOCK_BYTES - (length % BLOCK_BYTES)) % BLOCK_BYTES;
  if ((await tar.skip(padding)) < padding) throw truncated(archive, tar.position);
}

/** A tar ends with two zero blocks, padded with more to the size of the writer's record. */
async function refuseMore(tar: ByteReader, archive: string): Promise<void> {
  await take(tar, BLOCK_BYTES, archive).then((block) => refuseContent(block, archive));
  const rest = await tar.take(MAX_PADDING_BYTES + 1);
  if (rest.length > MAX_PADDING_BYTES) {
    throw badArchive(archive, `continues for more than ${MAX_PADDING_BYTES} bytes after its end`);
  }
  refuseContent(rest, archive);
}

function refuseContent(rest: Uint8Array, archive: string): void {
  if (rest.every((byte) => byte === 0)) return;
  throw badArchive(archive, 'continues after its end');
}

function truncated(archive: string, at: number) {
  return badArchive(
    archive,
    `is truncated: its tar stops at byte ${at} without an end marker`,
    'Upload the whole file again.',
  );
}
