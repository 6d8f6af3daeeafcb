import { quoted } from '#formats/rejected.ts';
import { type ArchiveLimits, archiveBudget, refuseBomb } from './limits.ts';
import { archiveNames, badArchive, textOf } from './names.ts';
import type { ZipDirectory } from './zip-directory.ts';
import { extraFields, fieldsOf, widened } from './zip-fields.ts';

/** A file or folder as a zip's central directory describes it; a folder has no `name`. */
export type ZipEntry = {
  readonly name: string | undefined;
  readonly rawName: Uint8Array;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly storedBytes: number;
  readonly sizeBytes: number;
  /** The offset of its local header. */
  readonly offset: number;
};

export const STORED = 0;
export const DEFLATED = 8;
export const DESCRIPTOR = 0b1000;

const SIGNATURE = 0x02014b50;
const HEADER_BYTES = 46;
const UTF8 = 0x800;
const ENCRYPTED = 0b1;
// The allowed flags: compression level, a data descriptor after the content, a name in UTF-8.
const FINE_FLAGS = 0b110 | DESCRIPTOR | UTF8;
const TYPE_OF_FILE = 0o170000;
const KINDS: ReadonlyMap<number, string> = new Map([
  [0o120000, 'a symbolic link'],
  [0o010000, 'a named pipe'],
]);
const PLAIN: readonly number[] = [0, 0o100000, 0o040000];

/**
 * All entries of a zip's central directory, in its order.
 * Fails with `ArtifactRejected` unless all are plain files and folders with harmless names, stored or deflated.
 */
export function entriesOf(
  directory: Uint8Array,
  { entries }: ZipDirectory,
  archive: string,
  limits: ArchiveLimits,
): readonly ZipEntry[] {
  const budget = archiveBudget(archive, limits);
  const names = archiveNames(archive);
  const found: ZipEntry[] = [];
  for (let at = 0; at < directory.length; ) {
    budget.entry();
    const { entry, written, mode, end } = readEntry(directory, at, archive);
    const isFolder = written.endsWith('/');
    refuseOdd(entry, mode, `${archive}: the entry ${quoted(written)}`, isFolder);
    const name = names.add(written, isFolder);
    budget.files(entry.sizeBytes);
    found.push({ ...entry, name });
    at = end;
  }
  if (found.length === entries) return found;
  throw badArchive(archive, `lists ${found.length} entries, but its end record says ${entries}`);
}

function readEntry(directory: Uint8Array, at: number, archive: string) {
  const cut = () => badArchive(archive, 'has a truncated or damaged directory');
  const rest = directory.subarray(at);
  if (rest.length < HEADER_BYTES) throw cut();
  const fields = fieldsOf(rest);
  if (fields.u32() !== SIGNATURE) throw cut();
  fields.bytes(4);
  const flags = fields.u16();
  const method = fields.u16();
  fields.bytes(4);
  const crc = fields.u32();
  const [stored, size] = [fields.u32(), fields.u32()];
  const [nameBytes, extraBytes, commentBytes] = [fields.u16(), fields.u16(), fields.u16()];
  const disk = fields.u16();
  fields.bytes(2);
  const mode = fields.u32() >>> 16;
  const offset = fields.u32();
  if (HEADER_BYTES + nameBytes + extraBytes + commentBytes > rest.length) throw cut();
  if (disk !== 0) throw badArchive(archive, 'is one part of several');

  const rawName = fields.bytes(nameBytes);
  const written = nameOf(rawName, flags, archive);
  const extra = extraFields(fields.bytes(extraBytes), archive);
  const [sizeBytes = 0, storedBytes = 0, headerAt = 0] = widened(
    [size, stored, offset],
    extra,
    archive,
  );
  return {
    entry: { rawName, flags, method, crc, storedBytes, sizeBytes, offset: headerAt },
    written,
    mode,
    end: at + HEADER_BYTES + nameBytes + extraBytes + commentBytes,
  };
}

// A name without the UTF-8 flag is in the packer's code page, which readers guess differently.
function nameOf(rawName: Uint8Array, flags: number, archive: string): string {
  const name = textOf(rawName, archive);
  if ((flags & UTF8) !== 0 || rawName.every((byte) => byte < 0x80)) return name;
  throw badArchive(
    archive,
    `has the entry ${quoted(name)}, whose name is not marked as UTF-8`,
    'Give the files ASCII names, or create the archive with Python: shutil.make_archive.',
  );
}

function refuseOdd(
  { flags, method, sizeBytes, storedBytes }: Omit<ZipEntry, 'name'>,
  mode: number,
  entry: string,
  isFolder: boolean,
): void {
  if ((flags & ENCRYPTED) !== 0) {
    throw badArchive(entry, 'is encrypted', 'Create the archive without a password.');
  }
  if ((flags & ~FINE_FLAGS) !== 0) throw badArchive(entry, `has the unknown flags ${flags}`);
  if (method !== STORED && method !== DEFLATED) {
    throw badArchive(
      entry,
      `is compressed by method ${method}; the known ones are stored and deflated`,
    );
  }
  const type = mode & TYPE_OF_FILE;
  if (!PLAIN.includes(type))
    throw badArchive(entry, `is ${KINDS.get(type) ?? 'a device or a socket'}`);
  if (isFolder !== (type === 0o040000) && type !== 0) {
    throw badArchive(entry, 'is a folder by its name or its type, but not by both');
  }
  if (isFolder && sizeBytes > 0) throw badArchive(entry, 'is a folder with content');
  if (method === STORED && sizeBytes !== storedBytes) {
    throw badArchive(entry, `has ${storedBytes} bytes, but says ${sizeBytes}`);
  }
  refuseBomb(entry, sizeBytes, storedBytes);
}
