import { posix } from 'node:path';
import { quoted, rejected } from '#formats/rejected.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import type { ExternalRange } from './tensor.ts';

/** A file by its path in the artifact, such as `weights/part-1.bin`. */
export type NamedFile = { readonly name: string; readonly sizeBytes: number };

/** The same with its bytes, where they are at hand. */
export type FileWithBytes = NamedFile & { open?(): Promise<ByteSource> };

const FIX =
  'Export the model with its data in files beside it, and upload them together as one folder; or such data as model.onnx.data beside model.onnx: once both are there they are deployed.';

/** A byte range of one file. */
export type FileRange = {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
};

/**
 * The bytes that a model reads from its artifact's other files: one range per file, from the first byte used to the last.
 * Fails with `ArtifactRejected` when a tensor's data is not wholly inside one of `files`.
 */
export function locateAll(
  ranges: readonly ExternalRange[],
  modelFile: string,
  files: readonly NamedFile[],
): readonly FileRange[] {
  const sizes = new Map(files.map(({ name, sizeBytes }) => [name, sizeBytes]));
  const used = new Map<string, FileRange>();
  for (const range of ranges) {
    const found = locate(range, modelFile, sizes);
    const known = used.get(found.location);
    used.set(found.location, known ? cover(known, found) : found);
  }
  return [...used.values()];
}

/** The bytes of one tensor. Fails with `ArtifactRejected` where a file does not have them. */
export function locate(
  range: ExternalRange,
  modelFile: string,
  sizes: ReadonlyMap<string, number>,
): FileRange {
  const from = `${modelFile}: tensor ${quoted(range.tensor)} reads ${quoted(range.location)}`;
  const trouble = troubleWith(range.location);
  if (trouble) throw rejected(`${from}, which ${trouble}`, FIX);

  const location = posix.join(posix.dirname(modelFile), range.location);
  const sizeBytes = sizes.get(location);
  if (sizeBytes === undefined) {
    throw rejected(`${from}, which is not among the artifact's files`, FIX);
  }
  const { offset, length = Math.max(sizeBytes - offset, 0) } = range;
  if (offset + length <= sizeBytes) return { location, offset, length };
  throw rejected(`${from} up to byte ${offset + length}; the file has ${sizeBytes} bytes`, FIX);
}

function cover(a: FileRange, b: FileRange): FileRange {
  const offset = Math.min(a.offset, b.offset);
  const end = Math.max(a.offset + a.length, b.offset + b.length);
  return { location: a.location, offset, length: end - offset };
}

function troubleWith(location: string): string | undefined {
  if (location === '') return 'is not a name';
  if (location.includes('\0')) return 'contains a NUL character';
  if (location.includes('\\')) return 'contains a backslash';
  if (location.startsWith('/')) return 'is an absolute path';
  if (/^[a-z]:/i.test(location)) return 'begins with a drive letter';
  if (location.split('/').includes('..')) return 'leaves the folder of the model with `..`';
  return undefined;
}
