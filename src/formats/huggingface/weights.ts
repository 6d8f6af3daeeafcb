import { BY_CODE } from '#domain/artifact/ways-out.ts';
import { within } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import { fileIn, isObject, objectIn, RESAVE } from './json-file.ts';
import { readSafetensors, type Tensors } from './safetensors.ts';

/** The weights that are served: one ONNX file, or safetensors, whose first file, or list of files, `file` is. */
export type Weights =
  | { readonly kind: 'onnx'; readonly file: ArtifactFile }
  | {
      readonly kind: 'safetensors';
      readonly file: ArtifactFile;
      readonly parts: readonly ArtifactFile[];
    };

/** Where they lie: the model's folder, the network's own within that of sentence-transformers, and the file that the manifest names, or null. */
export type WeightPlaces = {
  readonly root: string;
  readonly folder: string;
  readonly path: string | null;
};

type Files = readonly ArtifactFile[];

const ONNX_NAMES: readonly string[] = ['model.onnx', 'model_quantized.onnx'];
const WHOLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
const MAX_PARTS = 1_000;

/** The weights of a folder: ONNX first, the unquantized first. Fails with `ArtifactRejected` where there are none that can be read without running code. */
export async function weightsIn(
  files: Files,
  { root, folder, path }: WeightPlaces,
): Promise<Weights> {
  refusePath(path);
  const places = ONNX_NAMES.flatMap((name) => [within('onnx', name), name]);
  const ordered = [...places.filter((each) => each.endsWith('model.onnx')), ...places];
  for (const place of ordered) {
    const file = fileIn(files, root, place);
    if (file) return { kind: 'onnx', file };
  }
  const inside = files.filter(({ name }) => name.endsWith('.onnx') && isWithin(root, name));
  const [only, another] = inside;
  if (only && !another) return { kind: 'onnx', file: only };
  const tensors = await safetensorsIn(files, folder);
  if (tensors) return tensors;
  if (only) {
    throw rejected(
      `${inside.length} ONNX files could be the model: ${inside
        .slice(0, 5)
        .map(({ name }) => quoted(name))
        .join(', ')}`,
      'Set `model.path` in model.yaml to one of them.',
    );
  }
  throw noWeights(folder);
}

/** Fails with `ArtifactRejected` where the manifest names a file of what is served whole. */
export function refusePath(path: string | null): void {
  if (path === null) return;
  throw rejected(
    `model.path is ${quoted(path)}, but a folder of Hugging Face's is served whole`,
    'Leave in the folder the weights that are to be served, and take model.path out of model.yaml.',
  );
}

/** The safetensors of a network's own folder. */
export async function safetensorsIn(
  files: Files,
  folder: string,
): Promise<Extract<Weights, { kind: 'safetensors' }> | undefined> {
  const whole = fileIn(files, folder, WHOLE);
  if (whole) return { kind: 'safetensors', file: whole, parts: [whole] };
  const index = fileIn(files, folder, INDEX);
  if (!index) return undefined;
  const names = Object.values(await weightMap(files, folder, index.name));
  const parts = [...new Set(names)].sort().map((name) => {
    const part = /^[^/\\]+\.safetensors$/.test(name) ? fileIn(files, folder, name) : undefined;
    if (part) return part;
    throw rejected(`${index.name} names ${quoted(name)}, which is not there`, RESAVE);
  });
  if (parts.length <= MAX_PARTS) return { kind: 'safetensors', file: index, parts };
  throw rejected(`${index.name} names ${parts.length} files; the limit is ${MAX_PARTS}`, RESAVE);
}

/** The file of each tensor. */
async function weightMap(files: Files, folder: string, name: string) {
  const map = (await objectIn(files, folder, INDEX))?.['weight_map'];
  if (!isObject(map) || !Object.values(map).every((each) => typeof each === 'string')) {
    throw rejected(`${name} has no weight_map, which says where each tensor is`, RESAVE);
  }
  return map as Readonly<Record<string, string>>;
}

/** What the headers of all parts say. Fails with `ArtifactRejected` where they disagree with their list or with each other. */
export async function tensorsOf(
  files: Files,
  folder: string,
  { file, parts }: Extract<Weights, { kind: 'safetensors' }>,
): Promise<Tensors> {
  const byType = new Map<string, number>();
  const names = new Set<string>();
  let [parameters, bytes] = [0, 0];
  for (const part of parts) {
    const found = await readSafetensors(await part.open(), part.name);
    addNames(names, found.names, part.name);
    parameters += found.parameters;
    bytes += found.bytes;
    for (const [type, size] of found.byType) byType.set(type, (byType.get(type) ?? 0) + size);
  }
  if (file.name.endsWith(INDEX)) refuseMissing(await weightMap(files, folder, file.name), names);
  return { names, parameters, bytes, byType };
}

function addNames(names: Set<string>, found: ReadonlySet<string>, part: string): void {
  const twice = [...found].find((name) => names.has(name));
  if (twice !== undefined) {
    throw rejected(`${part} has the tensor ${quoted(twice)}, as another part has`, RESAVE);
  }
  for (const name of found) names.add(name);
}

function refuseMissing(map: Readonly<Record<string, string>>, names: ReadonlySet<string>): void {
  const missing = Object.keys(map).find((name) => !names.has(name));
  if (missing === undefined) return;
  throw rejected(`${INDEX} names the tensor ${quoted(missing)}, which no part has`, RESAVE);
}

function noWeights(folder: string) {
  return rejected(
    `${folder === '.' ? 'the folder' : folder} has no ${WHOLE} and no ONNX file: its weights are a pickle or of another framework`,
    `Save them as safetensors: \`AutoModel.from_pretrained(FOLDER).save_pretrained(FOLDER)\` with the class of its architecture writes ${WHOLE}; or export it with \`optimum-cli export onnx\`; or ${BY_CODE}.`,
  );
}

function isWithin(folder: string, name: string): boolean {
  return folder === '.' || name.startsWith(`${folder}/`);
}
