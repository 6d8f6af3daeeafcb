import { within } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { listed, quoted, rejected } from '#formats/rejected.ts';
import { countOf, fileIn, objectIn } from './json-file.ts';
import { readSafetensors, type TensorShape, type Tensors } from './safetensors.ts';
import { listedModules } from './sentence-modules.ts';
import { usualOf } from './sentences.ts';

/**
 * Vectors of tokens, whose mean is the vector of a text: a StaticEmbedding of sentence-transformers, or a model that model2vec saved.
 * `folder` has its table and tokenizer, `maxTokens` is null where texts are not truncated; the rest is as in `Sentences`.
 */
export type StaticTable = {
  readonly folder: string;
  readonly file: ArtifactFile;
  readonly tensors: Tensors;
  readonly width: number;
  /** The number of tokens that have a vector. */
  readonly vocabulary: number;
  readonly normalizes: boolean;
  readonly maxTokens: number | null;
  readonly prompt: string;
  readonly dimensions: number | null;
};

type Files = readonly ArtifactFile[];

const TABLE = 'model.safetensors';
/** The tensor's name in sentence-transformers, and in model2vec. */
const VECTORS: readonly string[] = ['embedding.weight', 'embeddings'];
// The tensors that model2vec adds to a table in which several tokens share a vector: the index of each token's vector, and its weight.
const [MAPPING, WEIGHTS] = ['mapping', 'weights'];
const NUMBERS: readonly string[] = ['FP32', 'FP16', 'BF16', 'FP64', 'INT8'];
const PLACES: readonly string[] = ['INT32', 'INT64'];
const AFTER: readonly string[] = ['Normalize', 'Dropout'];
// model2vec truncates texts to this many tokens where its config.json sets no limit.
const USUAL_TOKENS = 512;
// The setting comes first in tokenizer.json.
const HEAD_BYTES = 4096;
const TRUNCATION = /"truncation"\s*:\s*\{[^{}]*"max_length"\s*:\s*(\d{1,9})/;
const RESAVE =
  'Save it again with sentence-transformers (`SentenceTransformer(FOLDER).save(FOLDER)`) or model2vec (`save_pretrained`), and upload the whole folder.';

/** Undefined where the folder `root` is not such a table. Fails with `ArtifactRejected`. */
export async function staticTableIn(files: Files, root: string): Promise<StaticTable | undefined> {
  const modules = await listedModules(files, root);
  if (!modules) return ofModel2vec(files, root);
  const [first, ...rest] = modules;
  const isStatic = first?.kind === 'StaticEmbedding';
  if (!isStatic || !rest.every(({ kind }) => AFTER.includes(kind))) return undefined;
  const folder = within(root, first.path);
  return {
    ...(await tableIn(files, folder)),
    normalizes: rest.some(({ kind }) => kind === 'Normalize'),
    maxTokens: await truncationIn(files, folder),
    ...(await usualOf(files, root)),
  };
}

async function ofModel2vec(files: Files, root: string): Promise<StaticTable | undefined> {
  const config = await objectIn(files, root, 'config.json');
  if (config?.['model_type'] !== 'model2vec') return undefined;
  return {
    ...(await tableIn(files, root)),
    normalizes: config['normalize'] === true,
    maxTokens:
      config['max_length'] === null ? null : (countOf(config['max_length']) ?? USUAL_TOKENS),
    prompt: '',
    dimensions: null,
  };
}

type Table = Pick<StaticTable, 'folder' | 'file' | 'tensors' | 'width' | 'vocabulary'>;

async function tableIn(files: Files, folder: string): Promise<Table> {
  const file = fileIn(files, folder, TABLE);
  if (!file)
    throw rejected(`${within(folder, TABLE)} is missing, with the vectors of tokens`, RESAVE);
  const tensors = await readSafetensors(await file.open(), file.name);
  const { shapes } = tensors;
  const name = VECTORS.find((each) => shapes.has(each));
  const vectors = name === undefined ? undefined : shapes.get(name);
  const [rows = 0, width = 0] = vectors?.shape ?? [];
  if (!vectors || vectors.shape.length !== 2 || rows === 0 || width === 0) {
    throw rejected(
      `${file.name} has the tensors ${listed([...shapes.keys()])}; a table of vectors is one of ${VECTORS.join(', ')}, with a row for each token`,
      RESAVE,
    );
  }
  const mapping = shapes.get(MAPPING);
  const vocabulary = mapping?.shape[0] ?? rows;
  hold(file, [name ?? '', vectors], { types: NUMBERS, shape: [rows, width] });
  hold(file, [MAPPING, mapping], { types: PLACES, shape: [vocabulary] });
  hold(file, [WEIGHTS, shapes.get(WEIGHTS)], { types: NUMBERS, shape: [vocabulary] });
  return { folder, file, tensors, width, vocabulary };
}

type Wanted = { readonly types: readonly string[]; readonly shape: readonly number[] };

function hold(
  { name: file }: ArtifactFile,
  [name, found]: readonly [string, TensorShape | undefined],
  { types, shape }: Wanted,
): void {
  if (!found) return;
  if (types.includes(found.type) && String(found.shape) === String(shape)) return;
  throw rejected(
    `${file} has ${quoted(name)} as ${found.type} of ${found.shape.join(' x ')}; it takes ${types.join(', ')} of ${shape.join(' x ')}`,
    RESAVE,
  );
}

/** The number of tokens to which its tokenizer truncates a text. */
async function truncationIn(files: Files, folder: string): Promise<number | null> {
  const file = fileIn(files, folder, 'tokenizer.json');
  if (!file) return null;
  const head = await (await file.open()).read(0, Math.min(file.sizeBytes, HEAD_BYTES));
  return countOf(Number(TRUNCATION.exec(Buffer.from(head).toString('latin1'))?.[1]));
}
