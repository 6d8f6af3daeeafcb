import type { FileFormat } from '#domain/artifact/format.ts';
import { endsIn, KNOWN_FILES, type KnownFile } from '#domain/artifact/known-files.ts';
import { isLitter } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { isLaterPart } from '#formats/gguf/splits.ts';
import { HEAD_BYTES, kindByMagic, kindByName, recognise } from './known-formats.ts';

/** A file that its name or magic bytes identify as a model; without `format` it is not served. */
export type ModelFile = {
  readonly file: ArtifactFile;
  readonly format: FileFormat | null;
  /** The kind of a model that is not served, with the remedy; otherwise null. */
  readonly foreign: KnownFile | null;
};

/** Endings that do not identify a model; its magic bytes do. */
const TOLD_BY_HEAD: readonly string[] = [
  ...KNOWN_FILES.flatMap(({ shared = [], inside = [] }) => [...shared, ...inside]),
  '.bin',
  '.dat',
  '.old',
];
const NEVER =
  /(^|\/)(README|LICENSE|NOTICE|Makefile|MLmodel)$|requirements[^/]*\.txt$|\.(md|rst|py|ipynb|yaml|yml|toml|csv|parquet|png|jpe?g)$/i;
const MAX_OPENED = 50;

/** The models among an artifact's files. Only files with inconclusive names are opened, the first fifty of them. */
export async function modelFiles(files: readonly ArtifactFile[]): Promise<readonly ModelFile[]> {
  const found: ModelFile[] = [];
  let opened = 0;
  const names = new Set(files.map(({ name }) => name));
  for (const file of files) {
    if (isLaterPart(file.name, names)) continue;
    if (isLitter(file.name) || NEVER.test(file.name)) continue;
    const byName = kindByName(file.name);
    if (byName?.format) {
      found.push({ file, format: byName.format, foreign: null });
      continue;
    }
    const isOpened = isTold(file.name) && opened < MAX_OPENED;
    if (isOpened) opened += 1;
    const head = isOpened ? await headOf(file) : new Uint8Array();
    const told = kindByMagic(head);
    const foreign = told?.format ? undefined : (told ?? recognise(file.name, head));
    if (told?.format) found.push({ file, format: told.format, foreign: null });
    else if (foreign) found.push({ file, format: null, foreign });
  }
  return found;
}

async function headOf(file: ArtifactFile): Promise<Uint8Array> {
  return (await file.open()).read(0, HEAD_BYTES);
}

/** Whether to look at the magic bytes: the ending is inconclusive or missing. */
function isTold(name: string): boolean {
  const base = name.slice(name.lastIndexOf('/') + 1);
  return endsIn(base, TOLD_BY_HEAD) || !base.includes('.');
}
