import { BY_CODE } from '#domain/artifact/ways-out.ts';
import { isWithin, within } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import type { FittedTensor } from '#formats/bytes/tensor-prints.ts';
import { listed, quoted, rejected } from '#formats/rejected.ts';
import { readState } from '#formats/torch/state.ts';
import { fileIn, isObject, objectIn, RESAVE } from './json-file.ts';
import { readSafetensors, type Tensors } from './safetensors.ts';

/** The weights that transformers loads: safetensors, or files of torch; `file` is the first file, or the list of files. */
export type Loaded = {
  readonly kind: 'safetensors' | 'torch';
  readonly file: ArtifactFile;
  readonly parts: readonly ArtifactFile[];
};

/** The weights that are served: one ONNX file, or those that transformers loads. */
export type Weights = { readonly kind: 'onnx'; readonly file: ArtifactFile } | Loaded;

/** The places of the weights: the model's folder, the network's own within that of sentence-transformers, and the file that the manifest names, or null. */
export type WeightPlaces = {
  readonly root: string;
  readonly folder: string;
  readonly path: string | null;
};

type Files = readonly ArtifactFile[];

const ONNX_NAMES: readonly string[] = ['model.onnx', 'model_quantized.onnx'];
const WHOLE = 'model.safetensors';
// The name that transformers used before it had safetensors.
const PICKLE = 'pytorch_model.bin';
const MAX_PARTS = 1_000;

/** The weights of a folder: ONNX first, the unquantized first, then safetensors. Fails with `ArtifactRejected` where no weights can be read without running code. */
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
  const loaded = await loadedIn(files, folder);
  if (loaded) return loaded;
  if (only) {
    throw rejected(
      `${inside.length} ONNX files could be the model: ${listed(inside.map(({ name }) => name))}`,
      'Set `model.path` in model.yaml to one of them.',
    );
  }
  throw noWeights(folder);
}

/** Fails with `ArtifactRejected` where the manifest names a single file of a folder that is served whole. */
export function refusePath(path: string | null): void {
  if (path === null) return;
  throw rejected(
    `model.path is ${quoted(path)}, but a folder of Hugging Face's is served whole`,
    'Leave in the folder the weights that are to be served, and take model.path out of model.yaml.',
  );
}

/** The weights that transformers loads from a network's own folder: safetensors where there are any, as transformers chooses. */
export async function loadedIn(files: Files, folder: string): Promise<Loaded | undefined> {
  return (
    (await partsIn(files, folder, { kind: 'safetensors', whole: WHOLE, part: TENSORS })) ??
    (await partsIn(files, folder, { kind: 'torch', whole: PICKLE, part: PICKLES }))
  );
}

const TENSORS = /^[^/\\]+\.safetensors$/;
const PICKLES = /^[^/\\]+\.bin$/;

type Kind = { readonly kind: Loaded['kind']; readonly whole: string; readonly part: RegExp };

async function partsIn(files: Files, folder: string, { kind, whole, part }: Kind) {
  const one = fileIn(files, folder, whole);
  if (one) return { kind, file: one, parts: [one] };
  const index = fileIn(files, folder, `${whole}.index.json`);
  if (!index) return undefined;
  const names = Object.values(await weightMap(files, index));
  const parts = [...new Set(names)].sort().map((name) => {
    const found = part.test(name) ? fileIn(files, folder, name) : undefined;
    if (found) return found;
    throw rejected(`${index.name} names ${quoted(name)}, which is not there`, RESAVE);
  });
  if (parts.length <= MAX_PARTS) return { kind, file: index, parts };
  throw rejected(`${index.name} names ${parts.length} files; the limit is ${MAX_PARTS}`, RESAVE);
}

/** The file of each tensor. */
async function weightMap(files: Files, { name }: ArtifactFile) {
  const map = (await objectIn(files, '.', name))?.['weight_map'];
  if (!isObject(map) || !Object.values(map).every((each) => typeof each === 'string')) {
    throw rejected(`${name} has no weight_map, which says where each tensor is`, RESAVE);
  }
  return map as Readonly<Record<string, string>>;
}

/** The totals over the tensors of all parts. Fails with `ArtifactRejected` where the parts contradict their list or each other, or contain more than tensors. */
export async function tensorsOf(
  files: Files,
  { kind, file, parts }: Loaded,
): Promise<
  Pick<Tensors, 'names' | 'parameters' | 'bytes'> & {
    readonly dtypes: string[];
    readonly fitted: readonly FittedTensor[];
  }
> {
  const fitted: FittedTensor[] = [];
  const dtypes = new Set<string>();
  const names = new Set<string>();
  let [parameters, bytes] = [0, 0];
  for (const part of parts) {
    const found = await (kind === 'torch' ? pickledTensors(part) : tensorsIn(part));
    addNames(names, found.names, part.name);
    parameters += found.parameters;
    bytes += found.bytes;
    for (const type of found.dtypes) dtypes.add(type);
    for (const tensor of found.fitted) fitted.push(tensor);
  }
  if (file.name.endsWith('.json')) refuseMissing(await weightMap(files, file), names, file.name);
  return { names, parameters, bytes, dtypes: [...dtypes].sort(), fitted };
}

async function tensorsIn({ name, open }: ArtifactFile) {
  const { byType, ...found } = await readSafetensors(await open(), name);
  return { ...found, dtypes: [...byType.keys()] };
}

/** Follows its pickle without creating anything, and allows only calls that torch itself writes for tensors. */
async function pickledTensors({ name, open }: ArtifactFile) {
  const { weightBytes, ...found } = await readState(await open(), name, RESAVE_TENSORS);
  return { ...found, bytes: weightBytes };
}

const RESAVE_TENSORS = `Save them as safetensors: \`AutoModel.from_pretrained(FOLDER).save_pretrained(FOLDER)\` with the class of its architecture writes ${WHOLE}; or ${BY_CODE}.`;

function addNames(names: Set<string>, found: ReadonlySet<string>, part: string): void {
  const twice = [...found].find((name) => names.has(name));
  if (twice !== undefined) {
    throw rejected(`${part} has the tensor ${quoted(twice)}, as another part has`, RESAVE);
  }
  for (const name of found) names.add(name);
}

function refuseMissing(
  map: Readonly<Record<string, string>>,
  names: ReadonlySet<string>,
  index: string,
): void {
  const missing = Object.keys(map).find((name) => !names.has(name));
  if (missing === undefined) return;
  throw rejected(`${index} names the tensor ${quoted(missing)}, which no part has`, RESAVE);
}

function noWeights(folder: string) {
  return rejected(
    `${folder === '.' ? 'the folder' : folder} has no ${WHOLE}, no ${PICKLE} and no ONNX file: its weights are of another framework`,
    `Save them as safetensors: \`AutoModel.from_pretrained(FOLDER).save_pretrained(FOLDER)\` with the class of its architecture writes ${WHOLE}; or export it with \`optimum-cli export onnx\`; or ${BY_CODE}.`,
  );
}
