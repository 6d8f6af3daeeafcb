import type { Failure } from '#domain/failure.ts';
import { quoted, rejected } from '#formats/rejected.ts';

const MAX_NAME_BYTES = 1024;
// Linux's NAME_MAX: a longer name could not be unpacked.
const MAX_PART_BYTES = 255;
const MAX_FOLDERS = 64;
const FIX = 'Create the archive again from plain files and folders, with `tar czf` or `zip -r`.';

/** A fault in an archive; every such message has this form. */
export function badArchive(archive: string, what: string, fix = FIX): Failure {
  return rejected(`${archive} ${what}`, fix);
}

/** Decodes strict UTF-8; invalid bytes are refused rather than shown as replacement characters. */
export function textOf(bytes: Uint8Array, archive: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const shown = Buffer.from(bytes).toString('latin1');
    throw badArchive(archive, `has the entry ${quoted(shown)}, whose name is not UTF-8`);
  }
}

/**
 * Checks the names of an archive's entries in order. `add` returns a file's name, or undefined for a folder.
 * Fails with `ArtifactRejected` for a name that could escape the folder, or that another system would take for an earlier one.
 */
export function archiveNames(archive: string) {
  const files = new Map<string, string>();
  const folders = new Map<string, string>();

  function add(written: string, isFolder: boolean): string | undefined {
    const trouble = troubleWith(written);
    if (trouble) throw badArchive(archive, `has the entry ${quoted(written)}, which ${trouble}`);
    const name = written.replace(/^(\.\/)+/, '').replace(/\/$/, '');
    if (name === '' || name === '.') {
      if (isFolder) return undefined;
      throw badArchive(
        archive,
        `has the entry ${quoted(written)}, a file with the name of its folder`,
      );
    }
    const folded = fold(name);
    const parents = name.split('/').slice(0, -1);
    for (const [index] of parents.entries()) {
      const parent = parents.slice(0, index + 1).join('/');
      note(folders, fold(parent), parent);
      refuseTwice(files.get(fold(parent)), written);
    }
    refuseTwice(files.get(folded), written);
    if (isFolder) {
      note(folders, folded, name);
      return undefined;
    }
    refuseTwice(folders.get(folded), written);
    files.set(folded, name);
    return name;
  }

  function note(known: Map<string, string>, folded: string, name: string): void {
    const before = known.get(folded) ?? name;
    if (before !== name) refuseTwice(before, name);
    known.set(folded, name);
  }

  function refuseTwice(before: string | undefined, name: string): void {
    if (before === undefined) return;
    throw badArchive(
      archive,
      `has both ${quoted(before)} and ${quoted(name)}, which some systems treat as the same file`,
    );
  }

  return { add };
}

/** Equal for names that a file system treats as one because it ignores case or composes accents. */
function fold(name: string): string {
  return name.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');
}

function troubleWith(name: string): string | undefined {
  if (name === '') return 'is not a name';
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `is longer than ${MAX_NAME_BYTES} bytes`;
  if (name.includes('\0')) return 'contains a NUL character';
  if (/\p{Cc}/u.test(name)) return 'contains a control character';
  if (name.includes('\\')) return 'contains a backslash';
  if (name.startsWith('/')) return 'is an absolute path';
  if (/^[a-z]:/i.test(name)) return 'begins with a drive letter';
  const parts = name
    .replace(/^(\.\/)+/, '')
    .replace(/\/$/, '')
    .split('/');
  if (parts.length > MAX_FOLDERS) return `lies in more than ${MAX_FOLDERS} folders`;
  if (parts.some((part) => Buffer.byteLength(part) > MAX_PART_BYTES))
    return `contains a name of more than ${MAX_PART_BYTES} bytes`;
  if (parts.includes('..')) return 'leaves its folder with `..`';
  const isOdd = parts.length > 1 && parts.some((part) => part === '' || part === '.');
  return isOdd ? 'has an empty or `.` folder in its path' : undefined;
}
