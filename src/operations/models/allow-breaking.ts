import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Document, isMap, parseDocument } from 'yaml';
import { Failure } from '#domain/failure.ts';

/** A copy of a manifest, to upload in its place; it is gone after its disposal. */
export type ManifestCopy = AsyncDisposable & { readonly file: string };

/**
 * Writes a copy of the manifest in `file`, or of an empty one, that says that the model replaces the live `version` whatever it breaks. Comments and all other keys stay.
 * Fails with `InputInvalid` where the manifest is no YAML map.
 */
export async function manifestReplacing(
  version: number,
  file: string | null,
): Promise<ManifestCopy> {
  const document = file === null ? new Document({}) : parseDocument(await readFile(file, 'utf8'));
  const { contents } = document;
  if (document.errors.length > 0 || !(contents === null || isMap(contents))) {
    throw new Failure('InputInvalid', `${file} is not a manifest of keys and values`, {
      fix: 'Correct it; docs/model.yaml shows every key.',
    });
  }
  document.setIn(['gate', 'replaces'], version);
  const folder = await mkdtemp(join(tmpdir(), 'slipway-manifest-'));
  const copy = join(folder, 'model.yaml');
  await writeFile(copy, document.toString());
  return {
    file: copy,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
