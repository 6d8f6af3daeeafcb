import { posix } from 'node:path';
import type { ExternalRange } from './onnx-tensor.ts';
import { quoted, rejected } from './rejected.ts';

/** A file of the artifact by its name within it, as `weights/part-1.bin`. */
export type NamedFile = { readonly name: string; readonly sizeBytes: number };

const FIX =
  'Export the model with its data in files beside it, and upload them together as one folder.';

/** The range with its location as the artifact names the file. Fails with `ArtifactRejected` when it is not all inside one of `files`. */
export function locate(
  range: ExternalRange,
  modelFile: string,
  files: readonly NamedFile[],
): ExternalRange {
  const from = `${modelFile}: tensor ${quoted(range.tensor)} reads ${quoted(range.location)}`;
  const trouble = troubleWith(range.location);
  if (trouble) throw rejected(`${from}, which ${trouble}`, FIX);

  const location = posix.join(posix.dirname(modelFile), range.location);
  const file = files.find(({ name }) => name === location);
  if (!file) throw rejected(`${from}, which is not among the artifact's files`, FIX);

  const end = range.offset + (range.length ?? 0);
  if (end <= file.sizeBytes) return { ...range, location };
  throw rejected(`${from} up to byte ${end}; the file has ${file.sizeBytes} bytes`, FIX);
}

function troubleWith(location: string): string | undefined {
  if (location === '') return 'is no name';
  if (location.includes('\0')) return 'contains a NUL character';
  if (location.includes('\\')) return 'contains a backslash';
  if (location.startsWith('/')) return 'is an absolute path';
  if (/^[a-z]:/i.test(location)) return 'begins with a drive letter';
  if (location.split('/').includes('..')) return 'leaves the folder of the model by `..`';
  return undefined;
}
