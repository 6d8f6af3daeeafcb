import { readKey } from '#domain/artifact/object-key.ts';
import { Failure } from '#domain/failure.ts';
import type { ModelFile } from './model-file.ts';

/** The one artifact of a model's folder. `path` is that of its file or folder, relative to the model's folder: empty where this is the artifact itself. */
export type FoundArtifact = {
  readonly path: string;
  readonly isFolder: boolean;
  readonly files: readonly ModelFile[];
  /** The names of the files that are no part of it. */
  readonly leftOut: readonly string[];
};

/** Fails with `ArtifactRejected` where there is none, or more than one. */
export function artifactAmong(model: string, files: readonly ModelFile[]): FoundArtifact {
  const meaningOf = ({ name }: ModelFile) => readKey(`models/${model}/${name}`);
  const folders = files.flatMap((file) => {
    const meaning = meaningOf(file);
    return meaning.kind === 'folder' ? [meaning.prefix.slice(`models/${model}/`.length)] : [];
  });
  if (folders.includes('')) return { path: '', isFolder: true, files, leftOut: [] };
  const single = files.filter((file) => meaningOf(file).kind === 'artifact');
  const found = [
    ...folders.map((folder) => folder.slice(0, -1)),
    ...single.map(({ name }) => name),
  ];
  const [path] = found;
  if (path === undefined) throw noArtifact(model, files);
  if (found.length > 1) throw tooMany(model, found);
  const isFolder = folders.length > 0;
  const isOwn = ({ name }: ModelFile) =>
    isFolder ? name.startsWith(`${path}/`) : isBeside(name, path);
  return {
    path,
    isFolder,
    files: files.filter(isOwn),
    leftOut: files.filter((file) => !isOwn(file)).map(({ name }) => name),
  };
}

/** The file itself, and those that `slipway push` takes with it: its manifest, its examples, its external data. */
function isBeside(name: string, file: string): boolean {
  return (
    name === file ||
    [`${file}.yaml`, `${file}.examples.jsonl`].includes(name) ||
    (/\.onnx$/i.test(file) && [`${file}.data`, `${file}_data`].includes(name))
  );
}

function noArtifact(model: string, files: readonly ModelFile[]): Failure {
  const names = files.map(({ name }) => name);
  const some =
    names.slice(0, 3).join(', ') + (names.length > 3 ? ` and ${names.length - 3} more` : '');
  return new Failure(
    'ArtifactRejected',
    `models/${model}/ has no model file and no model.yaml: ${some || 'no file'}`,
    {
      fix: 'Commit one model file there, or a folder with a model.yaml (which may be empty); keep other files elsewhere.',
    },
  );
}

function tooMany(model: string, found: readonly string[]): Failure {
  return new Failure(
    'ArtifactRejected',
    `models/${model}/ has ${found.length} models: ${found.slice(0, 5).join(', ')}`,
    { fix: 'Keep one in each folder, or add a model.yaml if all are parts of one model.' },
  );
}
