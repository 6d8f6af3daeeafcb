import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { manifestSchema } from '#domain/manifest/manifest.ts';
import { openArchive } from '#formats/archives/open.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { inspectCatboost } from '#formats/catboost/inspect.ts';
import { parseRequirements } from '#formats/code/python-requirements.ts';
import { findModel } from '#formats/find-model.ts';
import { inspectGguf } from '#formats/gguf/inspect.ts';
import { readSafetensors } from '#formats/huggingface/safetensors.ts';
import { soundTokenizer } from '#formats/huggingface/tokenizer-file.ts';
import { inspectFiles } from '#formats/inspect.ts';
import { inspectKeras } from '#formats/keras/inspect.ts';
import { inspectLightgbm } from '#formats/lightgbm/inspect.ts';
import { inspectMlflow, readMlflow } from '#formats/mlflow/inspect.ts';
import { inspectSavedModel } from '#formats/savedmodel/inspect.ts';
import { inspectSkops } from '#formats/skops/inspect.ts';
import { readPipeline } from '#formats/spacy/config.ts';
import { variablePrints } from '#formats/tensorflow/prints.ts';
import { readVariables } from '#formats/tensorflow/variables.ts';
import { inspectTflite } from '#formats/tflite/inspect.ts';
import { inspectTorch } from '#formats/torch/inspect.ts';
import { inspectXgboost } from '#formats/xgboost/inspect.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { contentOf } from '../bytes/archive-files.ts';
import { bytesSource } from '../bytes/sources.ts';
import { longName, paxPart, tarOf } from '../bytes/tar.ts';
import { numbers, zipOf } from '../bytes/zip.ts';
import { ggufOf } from '../models/gguf.ts';
import { BERT, huggingFaceFiles, safetensorsOf, TOKENIZER } from '../models/hugging-face.ts';
import { artifactOf, bytesOf, inspectData, modelsOf } from '../models/saved.ts';

/** A format under fuzz: sound files to begin with, and the reader of a changed one. */
export type Fuzzed = {
  readonly seeds: readonly Buffer[];
  /** All that it reads is read through `open`. */
  read(bytes: Buffer, open: Open): Promise<unknown>;
};

const SPLIT = { type: 'Split', pattern: { Regex: '\\s*(?:a+b)+|[^\\s\\p{L}]+' } };
const SPACY = `[nlp]
lang = "en"
pipeline = ["ner"]

[components.ner]
factory = "ner"
scorer = {"@scorers":"spacy.ner_scorer.v1"}

[components.ner.model]
@architectures = "spacy.TransitionBasedParser.v2"
`;

type Open = (bytes: Buffer) => ByteSource;

const INDEX = 'variables/variables.index';
const SHARD = 'variables/variables.data-00000-of-00001';
const VARIABLES = bytesOf('savedmodel', `dense-2.21/${SHARD}`);
const MAX_BYTES = 64 * 2 ** 20;
const TAR = tarOf(
  longName(`${'long/'.repeat(30)}a`),
  { name: 'x', content: 'far' },
  paxPart({ path: 'é/b', mtime: '1.5' }),
  { name: 'y', content: 'tree\nversion=v4\n' },
  { name: 'folder/', type: '5' },
  { name: 'folder/c.json', content: '{"learner":{}}' },
);
const ZIP = zipOf([
  { name: 'a.json', content: '{"learner":{}}'.repeat(20), method: 8 },
  { name: 'é', content: 'tree', flags: 0x800 },
  { name: 'folder/' },
  {
    ...{ name: 'b', content: 'abc', flags: 8, local: { crc: 0, size: 0, stored: 0 } },
    descriptor: numbers([4, 0x08074b50], [4, 0x352441c2], [4, 3], [4, 3]),
  },
]);

export const FUZZED: Readonly<Record<string, Fuzzed>> = {
  'XGBoost in JSON': {
    seeds: seedsOf('xgboost', '.json'),
    read: (bytes, open) => inspectXgboost(open(bytes), 'model.json'),
  },
  'XGBoost in UBJSON': {
    seeds: seedsOf('xgboost', '.ubj'),
    read: (bytes, open) => inspectXgboost(open(bytes), 'model.ubj'),
  },
  LightGBM: {
    seeds: seedsOf('lightgbm', '.txt'),
    read: (bytes, open) => inspectLightgbm(open(bytes), 'model.txt'),
  },
  CatBoost: {
    seeds: seedsOf('catboost', '.cbm'),
    read: (bytes, open) => inspectCatboost(open(bytes), 'model.cbm'),
  },
  GGUF: {
    seeds: [ggufOf()],
    read: (bytes, open) => inspectGguf(open(bytes), 'model.gguf', { files: [], asked: {} }),
  },
  PyTorch: {
    seeds: ['rows-traced.pt', 'rows.pt2', 'state-dict.pt'].map(torchFile),
    read: (bytes, open) => inspectTorch(open(bytes), 'model.pt'),
  },
  'TensorFlow Lite': {
    seeds: seedsOf('tflite', '.tflite'),
    read: (bytes, open) => inspectTflite(open(bytes), 'model.tflite'),
  },
  'the graph of a SavedModel': {
    seeds: [bytesOf('savedmodel', 'dense-2.21/saved_model.pb')],
    read: (bytes, open) => inspectSavedModel([fileOf('saved_model.pb', bytes, open)], '.'),
  },
  'the variables of a SavedModel': {
    seeds: [bytesOf('savedmodel', `dense-2.21/${INDEX}`)],
    read: async (bytes, open) => {
      const files = [fileOf(INDEX, bytes, open), fileOf(SHARD, VARIABLES, open)];
      return variablePrints(
        (await readVariables(files, '.')) ?? { tensors: [] },
        new Set(['ResourceGather']),
      );
    },
  },
  Keras: {
    seeds: seedsOf('keras', '.keras'),
    read: (bytes, open) => inspectKeras(open(bytes), 'model.keras'),
  },
  'Keras in HDF5': {
    seeds: seedsOf('keras', '.h5'),
    read: (bytes, open) => inspectKeras(open(bytes), 'model.h5'),
  },
  safetensors: {
    seeds: [
      safetensorsOf(
        {
          a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
          b: { dtype: 'BF16', shape: [2, 3], data_offsets: [8, 20] },
        },
        12,
      ),
    ],
    read: (bytes, open) => readSafetensors(open(bytes), 'model.safetensors'),
  },
  'tokenizer.json': {
    seeds: [Buffer.from(JSON.stringify({ ...TOKENIZER, pre_tokenizer: SPLIT }))],
    read: (bytes, open) => soundTokenizer(fileOf('tokenizer.json', bytes, open)),
  },
  'the configuration of a network': {
    seeds: [Buffer.from(JSON.stringify(BERT))],
    read: (bytes) => inspectFolder(bytes),
  },
  'the configuration of a pipeline of spaCy': {
    seeds: [Buffer.from(SPACY)],
    read: async (bytes) => readPipeline(bytes.toString('latin1'), 'config.cfg'),
  },
  skops: {
    seeds: seedsOf('skops', '.skops').filter(({ length }) => length < 40_000),
    read: (bytes, open) => inspectSkops(open(bytes), 'model.skops', []),
  },
  'the tree in skops': {
    seeds: [Buffer.from(JSON.stringify(skopsTree()))],
    read: (schema, open) => {
      const bytes = zipOf([{ name: 'schema.json', content: schema, method: 8 }]);
      return inspectSkops(open(bytes), 'model.skops', []);
    },
  },
  tar: { seeds: [TAR], read: (bytes, open) => readAll('a.tar', bytes, open) },
  'tar in gzip': {
    seeds: [gzipSync(TAR)],
    read: (bytes, open) => readAll('a.tar.gz', bytes, open),
  },
  'tar within gzip': {
    seeds: [TAR],
    read: (bytes, open) => readAll('a.tar.gz', gzipSync(bytes), open),
  },
  zip: { seeds: [ZIP], read: (bytes, open) => readAll('a.zip', bytes, open) },
  'a SageMaker archive': {
    seeds: modelsOf('sagemaker').map((name) => gunzipSync(bytesOf('sagemaker', name))),
    read: (bytes, open) =>
      findModel([fileOf('model.tar.gz', gzipSync(bytes), open)], {
        maxBytes: MAX_BYTES,
        format: 'auto',
        path: null,
      }),
  },
  MLmodel: {
    seeds: modelsOf('mlflow').map(mlmodelOf),
    read: async (bytes, open) =>
      inspectMlflow(await readMlflow([fileOf('MLmodel', bytes, open)], '.'), inspectData, []),
  },
  'requirements.txt': {
    seeds: [Buffer.from('numpy==1.26.4\nscikit-learn[a] >=1.3,<2 ; python_version < "3.13"\n# x')],
    read: async (bytes) => parseRequirements(bytes.toString('latin1'), 'requirements.txt'),
  },
};

/** The outcome of one changed file: facts or a refusal, and how often each of its bytes was read on average. Any other error is thrown. */
export async function fuzzOnce({ seeds, read }: Fuzzed, random: () => number) {
  const bytes = changed(seeds, random);
  const sources: ReturnType<typeof bytesSource>[] = [];
  const open = (content: Buffer) => {
    const source = bytesSource(content);
    sources.push(source);
    return source;
  };
  const outcome = await read(bytes, open).catch((error: unknown) => error);
  const isRefused = outcome instanceof Error && outcome.name === 'ArtifactRejected';
  if (outcome instanceof Error && !isRefused) {
    throw new Error(`${outcome.message}, on ${bytes.toString('base64')}`, { cause: outcome });
  }
  const readBytes = sources.reduce((sum, source) => sum + source.readBytes, 0);
  const sizeBytes = Math.max(1, ...sources.map((source) => source.sizeBytes));
  return { isRefused, timesRead: readBytes / sizeBytes };
}

const EXTREMES = [0, 1, 0x7f, 0xff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff] as const;

function changed(seeds: readonly Buffer[], random: () => number): Buffer {
  const below = (limit: number) => Math.floor(random() * limit);
  let bytes: Buffer = Buffer.from(seeds[below(seeds.length)]!);
  for (let changes = 1 + below(3); changes > 0 && bytes.length > 8; changes--) {
    const at = below(bytes.length - 8);
    const other = seeds[below(seeds.length)]!;
    const kinds: readonly (() => Buffer)[] = [
      ...[0, 1, 2].map(() => () => Buffer.from(bytes.with(at, bytes[at]! ^ (1 << below(8))))),
      () => Buffer.from(bytes.with(at, below(256))),
      () => bytes.subarray(0, at),
      () => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(64))]),
      () => Buffer.concat([bytes.subarray(0, at), noise(1 + below(32)), bytes.subarray(at)]),
      () => Buffer.concat([bytes.subarray(0, at), bytes.subarray(below(at + 1))]),
      () => Buffer.concat([bytes.subarray(0, at), other.subarray(below(other.length))]),
      () => extreme(at),
    ];
    bytes = kinds[below(kinds.length)]!();
  }
  return bytes;

  function noise(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => below(256)));
  }

  function extreme(at: number): Buffer {
    const copy = Buffer.from(bytes);
    const value = EXTREMES[below(EXTREMES.length)]!;
    if (random() < 0.5) copy.writeUInt32LE(value, at);
    else copy.writeUInt32BE(value, at);
    return copy;
  }
}

function seedsOf(format: string, ends: string): readonly Buffer[] {
  return modelsOf(format)
    .filter((name) => name.endsWith(ends))
    .map((name) => bytesOf(format, name));
}

function torchFile(name: string): Buffer {
  return readFileSync(new URL(`../../fixtures/torch/${name}`, import.meta.url));
}

function fileOf(name: string, bytes: Buffer, open: Open): ArtifactFile {
  return { name, sizeBytes: bytes.length, open: async () => open(bytes) };
}

function inspectFolder(config: Buffer): Promise<unknown> {
  const files = huggingFaceFiles({ 'config.json': config });
  return inspectFiles(files, { maxBytes: MAX_BYTES, manifest: manifestSchema.parse({}) });
}

async function readAll(name: string, bytes: Buffer, open: Open): Promise<void> {
  const files = await openArchive(fileOf(name, bytes, open), MAX_BYTES);
  for (const file of files) await contentOf(file);
}

function mlmodelOf(name: string): Buffer {
  const file = artifactOf('mlflow', name).find((each) => each.name === 'MLmodel');
  return bytesOf('mlflow', `${name}/${file!.name}`);
}

function skopsTree(): unknown {
  const node = (loader: string, module: string, name: string, content: unknown) => ({
    __loader__: loader,
    __module__: module,
    __class__: name,
    __id__: 1,
    content,
  });
  const text = (value: unknown) => node('JsonNode', 'builtins', 'str', JSON.stringify(value));
  const attributes = {
    n_features_in_: text(4),
    _sklearn_version: text('1.7.2'),
    steps: node('ListNode', 'builtins', 'list', [node('TupleNode', 'builtins', 'tuple', [])]),
  };
  const dict = node('DictNode', 'builtins', 'dict', attributes);
  return { ...node('ObjectNode', 'sklearn.svm._classes', 'SVC', dict), protocol: 2 };
}
