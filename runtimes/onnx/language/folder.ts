import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isObject } from '../values/json.ts';

export type Pooling = 'cls' | 'mean' | 'max' | 'mean_sqrt_len' | 'weightedmean' | 'lasttoken';

export type TaskName =
  | 'text-classification'
  | 'token-classification'
  | 'question-answering'
  | 'fill-mask'
  | 'feature-extraction';

/** A folder as transformers or sentence-transformers saved it, with its ONNX; `labels` are in the order of the outputs, `maxTokens` is null without a limit. */
export type Folder = {
  readonly modelPath: string;
  readonly tokenizerPath: string;
  readonly task: TaskName;
  readonly labels: readonly string[];
  readonly problemType: string | null;
  /** Whether the network gives a text the same answer when it is padded beside longer ones. */
  readonly isPadded: boolean;
  readonly maxTokens: number | null;
  /** Null where the folder is not sentence-transformers'. */
  readonly pooling: Pooling | null;
  readonly normalizes: boolean;
  /** The prompt that sentence-transformers puts before each text; empty where there is none. */
  readonly prompt: string;
  /** Whether sentence-transformers takes texts in small letters. */
  readonly lowers: boolean;
  /** How many numbers of a vector sentence-transformers keeps, the first ones; null for all. */
  readonly dimensions: number | null;
  /** The function that a cross encoder applies to its network's scores. */
  readonly activation: 'sigmoid' | 'none' | null;
  readonly padToken: string | null;
  readonly padId: number;
  readonly maskToken: string | null;
  readonly unknownToken: string | null;
};

type Json = Readonly<Record<string, unknown>>;

const TASKS: readonly (readonly [RegExp, TaskName])[] = [
  [/ForSequenceClassification$/, 'text-classification'],
  [/ForTokenClassification$/, 'token-classification'],
  [/ForQuestionAnswering$/, 'question-answering'],
  [/ForMaskedLM$/, 'fill-mask'],
  [/Model$/, 'feature-extraction'],
];
const ONNX_FILES = [
  'onnx/model.onnx',
  'model.onnx',
  'onnx/model_quantized.onnx',
  'model_quantized.onnx',
];
const POOLINGS: readonly (readonly [string, Pooling])[] = [
  ['pooling_mode_cls_token', 'cls'],
  ['pooling_mode_mean_tokens', 'mean'],
  ['pooling_mode_max_tokens', 'max'],
  ['pooling_mode_mean_sqrt_len_tokens', 'mean_sqrt_len'],
  ['pooling_mode_weightedmean_tokens', 'weightedmean'],
  ['pooling_mode_lasttoken', 'lasttoken'],
];
// The same models as in src/formats/huggingface: their positions begin after the padding token's.
const POSITIONS_AFTER_PADDING = /roberta|camembert|mpnet|longformer|^esm$|^data2vec-text$/;
// Their networks mix tokens without regard to the mask; runtimes/python/slipway_server/conversion/encoder.py proves that all others do not.
const UNPADDED = ['convbert', 'fnet', 'funnel'];
const NO_LIMIT = 10_000_000;

export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Reads the folder's own settings, by the rules of the inspection that let it in. Throws where something is missing. */
export async function readFolder(root: string): Promise<Folder> {
  const modules = await listIn(root, 'modules.json');
  const folder = join(root, textIn(modules?.[0], 'path') ?? '');
  const [config, tokenizer, special] = await Promise.all(
    ['config.json', 'tokenizer_config.json', 'special_tokens_map.json'].map((name) =>
      objectIn(folder, name),
    ),
  );
  const token = (name: string) => tokenOf(tokenizer?.[name]) ?? tokenOf(special?.[name]);
  const own = modules && (await objectIn(root, 'config_sentence_transformers.json'));
  const isScored = own?.['model_type'] === 'CrossEncoder';
  const limits =
    (await objectIn(folder, 'sentence_bert_config.json')) ??
    (await objectIn(root, 'sentence_bert_config.json'));
  return {
    modelPath: await onnxIn(root),
    tokenizerPath: join(folder, 'tokenizer.json'),
    task: modules && !isScored ? 'feature-extraction' : taskOf(config),
    labels: labelsOf(config),
    problemType: textIn(config, 'problem_type') ?? null,
    isPadded: !UNPADDED.includes(textIn(config, 'model_type') ?? ''),
    maxTokens: maxTokensOf(config, tokenizer, modules ? limits : undefined),
    pooling:
      modules && !isScored ? await poolingIn(join(root, textIn(modules[1], 'path') ?? '')) : null,
    normalizes: isNormalizing(modules ?? []),
    prompt: promptOf(own),
    lowers: modules !== undefined && limits?.['do_lower_case'] === true,
    dimensions: Number(own?.['truncate_dim']) || null,
    activation: isScored ? activationOf(own) : null,
    padToken: token('pad_token') ?? null,
    padId: Number(config?.['pad_token_id'] ?? 0),
    maskToken: token('mask_token') ?? null,
    unknownToken: token('unk_token') ?? null,
  };
}

/** The ONNX file that is served. */
export async function onnxIn(root: string): Promise<string> {
  const usual = ONNX_FILES.map((name) => join(root, name)).find((path) => existsSync(path));
  if (usual) return usual;
  const names = await readdir(root, { recursive: true });
  const [only] = names.filter((name) => name.endsWith('.onnx'));
  if (only) return join(root, only);
  throw new Error('the folder of the model has no ONNX file');
}

function taskOf(config: Json | undefined): TaskName {
  const { architectures } = config ?? {};
  const name = Array.isArray(architectures) ? String(architectures[0]) : '';
  const found = TASKS.find(([ending]) => ending.test(name));
  if (found) return found[1];
  throw new Error(`the architecture of the model is "${name}", whose task is not known`);
}

export function labelsOf(config: Json | undefined): readonly string[] {
  const named = config?.['id2label'];
  if (!isObject(named)) return [];
  return Object.keys(named).map((_, id) => String(named[id] ?? `LABEL_${id}`));
}

export function promptOf(own: Json | undefined): string {
  const prompts = own?.['prompts'];
  const usual = textIn(own, 'default_prompt_name');
  return (usual !== undefined && isObject(prompts) && textIn(prompts, usual)) || '';
}

/** Whether the last effective module is sentence-transformers' Normalize. The graph contains the other modules before it. */
export function isNormalizing(modules: readonly Json[]): boolean {
  const kinds = modules.map((each) => textIn(each, 'type')?.split('.').at(-1));
  return kinds.filter((kind) => kind !== 'Dropout').at(-1) === 'Normalize';
}

function activationOf(own: Json | undefined): 'sigmoid' | 'none' {
  return textIn(own, 'activation_fn')?.endsWith('.Sigmoid') ? 'sigmoid' : 'none';
}

async function poolingIn(folder: string): Promise<Pooling> {
  const config = await objectIn(folder, 'config.json');
  const said = [config?.['pooling_mode'] ?? []].flat().map(String);
  const found = POOLINGS.find(
    ([key, name]) =>
      config?.[key] === true || said.includes(name) || said.includes(`${name}_tokens`),
  );
  if (found) return found[1];
  throw new Error('the pooling of the model is not known');
}

function maxTokensOf(
  config: Json | undefined,
  tokenizer: Json | undefined,
  limits: Json | undefined,
): number | null {
  const positions = Number(config?.['max_position_embeddings'] ?? config?.['n_positions']);
  const isShifted = POSITIONS_AFTER_PADDING.test(textIn(config, 'model_type') ?? '');
  const known = [
    isShifted ? positions - 2 : positions,
    Number(tokenizer?.['model_max_length']),
    Number(limits?.['max_seq_length']),
  ].filter((each) => Number.isInteger(each) && each > 0 && each < NO_LIMIT);
  return known.length > 0 ? Math.min(...known) : null;
}

async function jsonIn(folder: string, name: string): Promise<unknown> {
  const path = join(folder, name);
  return existsSync(path) ? JSON.parse(await readFile(path, 'utf8')) : undefined;
}

/** The object in a JSON file of the folder, if there is such a file. */
export async function objectIn(folder: string, name: string): Promise<Json | undefined> {
  const value = await jsonIn(folder, name);
  return isObject(value) ? value : undefined;
}

export async function listIn(folder: string, name: string): Promise<readonly Json[] | undefined> {
  const value = await jsonIn(folder, name);
  return Array.isArray(value) ? value.filter(isObject) : undefined;
}

export function textIn(value: Json | undefined, key: string): string | undefined {
  const found = value?.[key];
  return typeof found === 'string' ? found : undefined;
}

/** Either the text or an object that holds it. */
function tokenOf(value: unknown): string | undefined {
  return isObject(value) ? textIn(value, 'content') : typeof value === 'string' ? value : undefined;
}
