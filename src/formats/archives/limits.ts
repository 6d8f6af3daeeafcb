import { badArchive } from './names.ts';

/** An archive that expands beyond this ratio is a bomb; a small one may compress as well as it likes. */
const MAX_RATIO = 100;
const ALWAYS_FINE_BYTES = 1024 * 1024;

/** `maxBytes` limits the total size of all files in an archive. */
export type ArchiveLimits = { readonly maxBytes: number; readonly maxEntries: number };

/** The most entries that a model's archive may have. */
export const MAX_ENTRIES = 1000;

/** A running count of the unpacked files and bytes of an archive. A call that exceeds a limit fails with `ArtifactRejected`. */
export type ArchiveBudget = {
  entry(): void;
  /** Unpacked file bytes. */
  files(bytes: number): void;
};

export function archiveBudget(
  archive: string,
  { maxBytes, maxEntries }: ArchiveLimits,
): ArchiveBudget {
  let entries = 0;
  let total = 0;
  return {
    entry() {
      entries += 1;
      if (entries <= maxEntries) return;
      throw badArchive(
        archive,
        `has more than ${maxEntries} entries`,
        'Pack only the files that the model needs.',
      );
    },
    files(bytes) {
      total += bytes;
      if (total <= maxBytes) return;
      throw badArchive(
        archive,
        `holds ${total} bytes or more; the limit is ${maxBytes}`,
        'Pack only the files that the model needs, or raise the limit.',
      );
    },
  };
}

/** Fails with `ArtifactRejected` when the ratio of `bytes`, read or declared, to `storedBytes` shows that the archive is a bomb. */
export function refuseBomb(what: string, bytes: number, storedBytes: number): void {
  if (bytes <= Math.max(ALWAYS_FINE_BYTES, MAX_RATIO * storedBytes)) return;
  throw badArchive(
    what,
    `unpacks to ${bytes} bytes or more from ${storedBytes}; the limit is ${MAX_RATIO} times as many`,
    'Upload the files without compressing them.',
  );
}
