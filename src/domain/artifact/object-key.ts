import { EXAMPLES_FILE } from '#domain/comparison/examples-file.ts';
import { isModelName } from '#domain/identity.ts';
import { isHidden } from './hidden-file.ts';
import { endsIn, KNOWN_FILES, ownEndings } from './known-files.ts';

/** Endings of files that hold a whole model. Any of them starts a deployment; the inspection decides whether the format is served. */
const SELF_CONTAINED: readonly string[] = KNOWN_FILES.flatMap((kind) => [
  ...ownEndings(kind),
  ...(kind.shared ?? []),
]);

const FOLDER_MANIFEST = 'model.yaml';

/** Files that belong to a folder and are not a model alone, though some models have the same endings. */
const PART_OF_FOLDER =
  /^(requirements.*\.txt|(readme|license|labels|classes|vocab|merges)\.txt|(.*_config|config|vocab|modules|tokenizer|added_tokens|special_tokens_map|model_index|.*\.index)\.json)$/i;

/**
 * The meaning of an object's key.
 * `artifact`: one file that starts a deployment, unless the model's own folder is one. `folder`: the arrival of `model.yaml` starts a deployment of everything under `prefix`, which is the model's own folder or one in that.
 * `sidecar`: the manifest or the examples of the file beside it, starts nothing. `data`: tensors of the ONNX model `file` beside it, starts a deployment only where that came first and lacks them. `loose`: ignored with a hint. `misnamed`: would start a deployment, but its model's name is invalid; for a model file outside every model's folder the name is the file's own. `outside`: not for Slipway, as hidden files.
 */
export type KeyMeaning =
  | { readonly kind: 'artifact'; readonly model: string; readonly file: string }
  | { readonly kind: 'folder'; readonly model: string; readonly prefix: string }
  | { readonly kind: 'sidecar'; readonly model: string }
  | { readonly kind: 'data'; readonly model: string; readonly file: string }
  | { readonly kind: 'loose'; readonly model: string }
  | { readonly kind: 'misnamed'; readonly name: string }
  | { readonly kind: 'outside' };

export function readKey(key: string): KeyMeaning {
  const [, alone] = /^(?:models\/)?([^/]+)$/.exec(key) ?? [];
  if (alone && isModelFile(alone)) return { kind: 'misnamed', name: alone };
  const [root, name = '', ...path] = key.split('/');
  const file = path.at(-1);
  if (root !== 'models' || !file || path.some(isHidden)) return { kind: 'outside' };
  const meaning = path.length === 1 ? readFile(name, file) : readPart(name, key);
  const isStart = ['artifact', 'folder', 'data'].includes(meaning.kind);
  return isStart && !isModelName(name) ? { kind: 'misnamed', name } : meaning;
}

/** The folders that may be the artifact with this key, the inner one first: `models/NAME/FOLDER/` and the model's own, `models/NAME/`. */
export function foldersOf(key: string): readonly [string, ...string[]] {
  const [root, name, folder, ...path] = key.split('/');
  const own = `${root}/${name}/`;
  return folder && path.length > 0 ? [`${own}${folder}/`, own] : [own];
}

/** The key of the manifest whose arrival starts a folder artifact. */
export function manifestKey(prefix: string): string {
  return `${prefix}${FOLDER_MANIFEST}`;
}

/** The files below a folder artifact's prefix that belong to it: a folder in it with a manifest is an artifact by itself. */
export function filesOfFolder<File extends { readonly key: string }>(
  files: readonly File[],
  prefix: string,
): readonly File[] {
  const started = files
    .map(({ key }) => key.slice(0, key.lastIndexOf('/') + 1))
    .filter((folder, index) => files[index]?.key === manifestKey(folder));
  const others = started.filter((folder) => folder !== prefix && foldersOf(folder)[0] === folder);
  return files.filter(({ key }) => !others.some((folder) => key.startsWith(folder)));
}

/** The key of the manifest that belongs to a single-file artifact. */
export function sidecarKey(key: string): string {
  return `${key}.yaml`;
}

/** The key of the examples that belong to a single-file artifact. */
export function examplesKey(key: string): string {
  return `${key}.${EXAMPLES_FILE}`;
}

// The endings that torch's exporter and Optimum use.
const DATA_OF_ONNX = ['.data', '_data'] as const;

/** The keys beside a single-file artifact where an ONNX model may keep tensors outside its own file; empty for any other format. */
export function externalDataKeys(key: string): readonly string[] {
  return key.toLowerCase().endsWith('.onnx') ? DATA_OF_ONNX.map((ending) => key + ending) : [];
}

/** The key of the model whose external data has this key; undefined where there is no such model. */
export function modelKeyOf(key: string): string | undefined {
  const meaning = readKey(key);
  return meaning.kind === 'data' ? `models/${meaning.model}/${meaning.file}` : undefined;
}

function readFile(model: string, file: string): KeyMeaning {
  if (file === FOLDER_MANIFEST) return { kind: 'folder', model, prefix: `models/${model}/` };
  if (isModelFile(file)) return { kind: 'artifact', model, file };
  const [, described = ''] = /^(.*)\.(?:yaml|examples\.jsonl)$/.exec(file) ?? [];
  if (isModelFile(described)) return { kind: 'sidecar', model };
  const [, onnx = ''] = /^(.*\.onnx)[._]data$/i.exec(file) ?? [];
  return isModelFile(onnx) ? { kind: 'data', model, file: onnx } : { kind: 'loose', model };
}

function readPart(model: string, key: string): KeyMeaning {
  const [prefix] = foldersOf(key);
  return key === manifestKey(prefix) ? { kind: 'folder', model, prefix } : { kind: 'loose', model };
}

function isModelFile(file: string): boolean {
  return endsIn(file, SELF_CONTAINED) && !isHidden(file) && !PART_OF_FOLDER.test(file);
}
