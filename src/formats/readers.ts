import { type FileFormat, FORMATS, type Format, isFileFormat } from '#domain/artifact/format.ts';
import type { FindFolders, FindServedAlone, ReadFile, ReadFolder } from './reader.ts';

/** The exports of `inspect.ts` beside the page of a folder format. */
type FolderReader = {
  readonly read: ReadFolder;
  readonly folders?: FindFolders;
  readonly servedAlone?: FindServedAlone;
};

const [files, folders] = [new Map<Format, ReadFile>(), new Map<Format, FolderReader>()];

// Readers are found by their names, so that a format is listed once, and code that needs only the pages loads no reader.
await Promise.all(
  FORMATS.map(async (format) => {
    const reader = await import(`./${format}/inspect.ts`);
    if (isFileFormat(format)) files.set(format, reader.read);
    else folders.set(format, reader);
  }),
);

/** The reader of a format whose model is a file. */
export function fileReader(format: FileFormat): ReadFile {
  return found(files, format);
}

/** The reader of a format whose model is a folder, and how such folders are found. */
export function folderReader(format: Exclude<Format, FileFormat>): FolderReader {
  return found(folders, format);
}

function found<Reader>(readers: ReadonlyMap<Format, Reader>, format: Format): Reader {
  const reader = readers.get(format);
  if (!reader) throw new Error(`no reader of the format ${format}`);
  return reader;
}
