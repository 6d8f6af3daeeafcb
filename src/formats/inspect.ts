import type { ArtifactFacts, ModelFacts } from '#domain/artifact/facts.ts';
import { isFileFormat, isFolderFormat, pageOf } from '#domain/artifact/format.ts';
import type { Manifest } from '#domain/manifest/manifest.ts';
import { within } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { inspectOwnImage, saysOwnImage } from '#formats/custom/inspect.ts';
import { refuseUnquantizable } from '#formats/huggingface/int8.ts';
import { KNOWN_ROOTS, rootOf } from '#formats/pickle/globals.ts';
import { requireDeclared } from '#formats/triton/repository.ts';
import { type Found, findModel } from './find-model.ts';
import type { Given } from './reader.ts';
import { fileReader, folderReader } from './readers.ts';
import { listed, quoted, rejected } from './rejected.ts';
import { refusalOfStandIn } from './stand-in.ts';

/** `maxBytes` limits the total size of all files; of the manifest, only the sections on the model and its packages are needed. */
export type InspectOptions = {
  readonly maxBytes: number;
  readonly manifest: Pick<Manifest, 'model' | 'entrypoint'> &
    Partial<Pick<Manifest, 'build' | 'runtime'>>;
};

const MAX_LISTED = 3;
const MAX_UNPACKING_BYTES = 160 * 1024;

/**
 * Finds the one model in an artifact's files and reads its facts, without loading or unpacking anything.
 * Fails with `ArtifactRejected`: too large, no model in a served format, more than one, or one that is not harmless.
 */
export async function inspectFiles(
  files: readonly ArtifactFile[],
  { maxBytes, manifest }: InspectOptions,
): Promise<ArtifactFacts> {
  const sizeBytes = files.reduce((total, file) => total + file.sizeBytes, 0);
  if (sizeBytes > maxBytes) {
    const names = files.map(({ name }) => name);
    throw rejected(
      `${listed(names, MAX_LISTED)} ${files.length === 1 ? 'is' : 'are'} ${sizeBytes} bytes; the limit is ${maxBytes}`,
      'Quantize or prune the model, or raise the limit.',
    );
  }
  if (saysOwnImage(manifest)) {
    const facts = inspectOwnImage(files, manifest);
    return { ...facts, archives: [], unpacking: [], modelFile: '.', sizeBytes };
  }
  if (files.length === 0) {
    throw rejected(
      'there is no file of a model',
      'Put the files of the model in the folder; in a bucket upload them first, then model.yaml again.',
    );
  }
  const { format, path = null } = manifest.model;
  let looked = files;
  try {
    const found = await findModel(files, { maxBytes, format, path });
    looked = found.files;
    return { ...(await inspectFound(found, manifest)), sizeBytes };
  } catch (error) {
    throw (await refusalOfStandIn(looked, error)) ?? error;
  }
}

async function inspectFound(
  found: Found,
  manifest: InspectOptions['manifest'],
): Promise<Omit<ArtifactFacts, 'sizeBytes'>> {
  const { model, entrypoint, build } = manifest;
  const { path = null, allowPickle } = model;
  const absent = build?.requirements?.length ? [] : absentFrom(found, allowPickle);
  const { runtime: asked = {} } = manifest;
  const facts = await factsOf(found, { allowed: allowPickle, absent, asked, path });
  refuseUnquantizable(manifest, facts);
  if (found.config) await requireDeclared(found.config, facts.signature);
  const isFolder = isFolderFormat(found.format);
  return {
    ...facts,
    ...(entrypoint !== undefined && { entrypoint: entryIn(found, entrypoint) }),
    archives: found.archives,
    unpacking: kept(found),
    modelFile: isFolder || !found.file ? found.root : found.file.name,
  };
}

/** The record must fit in the registry: DynamoDB limits an item to 400 KB. */
function kept({ unpacking, archives }: Found): Found['unpacking'] {
  const bytes = Buffer.byteLength(JSON.stringify(unpacking));
  if (bytes <= MAX_UNPACKING_BYTES) return unpacking;
  throw rejected(
    `${archives.map(quoted).join(' in ')} takes ${bytes} bytes to list its files; the limit is ${MAX_UNPACKING_BYTES}`,
    'Pack only the files that the model needs, under shorter names.',
  );
}

/** The entry that the manifest names, which is a file in the model's own folder. */
function entryIn({ format, files, root }: Found, entrypoint: string): string {
  const [path = ''] = entrypoint.split(':');
  if (!pageOf(format).takesEntrypoint) {
    throw rejected(
      `entrypoint is ${quoted(entrypoint)}, but the model has the format ${format}, which runs no code of its own`,
      'Remove entrypoint from model.yaml, or set `model.format: python` there.',
    );
  }
  if (files.some(({ name }) => name === within(root, path))) return entrypoint;
  throw rejected(
    `entrypoint is ${quoted(entrypoint)}, but there is no file ${quoted(path)} in the model's folder`,
    'Name the file by its path within the folder of the model: `predict.py:Predictor`.',
  );
}

/** The names whose module is neither beside the model nor part of a framework. */
function absentFrom({ files, root }: Found, names: readonly string[]): readonly string[] {
  const beside = new Set(files.map(({ name }) => name));
  return names.filter((name) => {
    const top = rootOf(name);
    const places = [`${top}.py`, `${top}/__init__.py`].map((path) => within(root, path));
    return !KNOWN_ROOTS.has(top) && !places.some((place) => beside.has(place));
  });
}

type ReadOptions = Pick<Given, 'asked' | 'path' | 'allowed' | 'absent'>;

/** Reads the facts with the reader of the model's file, or of its folder. */
async function factsOf(found: Found, options: ReadOptions): Promise<ModelFacts> {
  const { format, files, root, file, fileFormat } = found;
  const given: Given = {
    ...options,
    files,
    model: file && fileFormat && { file, format: fileFormat },
    inspectData: async (data, dataFormat, beside = files) =>
      fileReader(dataFormat)(await data.open(), data.name, {
        ...given,
        files: beside,
        absent: [],
      }),
  };
  if (!isFileFormat(format)) return folderReader(format).read(files, root, given);
  if (!file) throw new Error(`a model of the format ${format} has no file`);
  return fileReader(format)(await file.open(), file.name, given);
}
