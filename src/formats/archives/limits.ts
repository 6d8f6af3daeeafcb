import { badArchive } from './names.ts';

/** More than this many bytes for each that is stored is a bomb; what is small anyhow may be as regular as it likes. */
const MAX_RATIO = 100;
const ALWAYS_FINE_BYTES = 1024 * 1024;

/** `maxBytes` limits all files of an archive together. */
export type ArchiveLimits = { readonly maxBytes: number; readonly maxEntries: number };

/** How many entries an archive of a model may have. */
export const MAX_ENTRIES = 1000;

/** What an archive takes when it is unpacked, counted as it is found. Each call fails with `ArtifactRejected` beyond a limit. */
export type ArchiveBudget = {
  entry(): void;
  /** Bytes of files, once unpacked. */
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

/** Fails with `ArtifactRejected` when `bytes` came, or are said to come, out of so few that they are a bomb. */
export function refuseBomb(what: string, bytes: number, storedBytes: number): void {
  if (bytes <= Math.max(ALWAYS_FINE_BYTES, MAX_RATIO * storedBytes)) return;
  throw badArchive(
    what,
    `unpacks to ${bytes} bytes or more from ${storedBytes}; the limit is ${MAX_RATIO} times as many`,
    'Upload the files without compressing them.',
  );
}
