import { FORMATS } from '#formats/index.ts';
import { FOREIGN_FILES } from './foreign-files.ts';
import { type FileFormat, isFileFormat } from './format.ts';
import type { FileKind } from './known-file.ts';

/** A kind of file with the format it is served as; null for an archive, and for a kind that is recognised but not served. */
export type KnownFile = FileKind & { readonly format: FileFormat | null };

const ZIP = /^504b0304/;

const ARCHIVES: readonly FileKind[] = [
  { what: 'a zip archive', isArchive: true, endings: ['.zip'], hint: ZIP },
  { what: 'a tar archive', isArchive: true, endings: ['.tar'] },
  {
    what: 'a gzip archive',
    isArchive: true,
    endings: ['.tar.gz', '.tgz'],
    inside: ['.gz'],
    hint: /^1f8b/,
  },
];

/** When two kinds match the same first bytes, the one with the file's ending wins, else the last, which is the most generic. */
export const KNOWN_FILES: readonly KnownFile[] = [
  ...FOREIGN_FILES.map((kind) => ({ ...kind, format: null })),
  ...Object.keys(FORMATS)
    .filter(isFileFormat)
    .flatMap((format) => FORMATS[format].files.map((kind) => ({ ...kind, format }))),
  ...ARCHIVES.map((kind) => ({ ...kind, format: null })),
];

/** The endings that identify a kind, including the compressed ones. */
export function ownEndings({ endings, compressions = [] }: FileKind): readonly string[] {
  return [...endings, ...endings.flatMap((ending) => compressions.map((each) => ending + each))];
}

/** Whether a file's name has one of the endings, in any case, after at least one other character. */
export function endsIn(file: string, endings: readonly string[]): boolean {
  const lower = file.toLowerCase();
  return endings.some((ending) => lower.length > ending.length && lower.endsWith(ending));
}
