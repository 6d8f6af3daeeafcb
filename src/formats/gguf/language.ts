import type { LanguageServing } from '#domain/artifact/facts.ts';
import type { LanguageShape } from '#domain/placement/language-memory.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import type { GgufValue } from './values.ts';

/** The metadata's description of the network; an absent value is null, or 0 where it is a size. */
export type Network = {
  readonly architecture: string;
  readonly name: string | null;
  readonly contextLength: number;
  readonly embeddingLength: number;
  readonly feedForwardLength: number;
  readonly blocks: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly vocabulary: number;
  readonly tokenizer: string | null;
  readonly hasChatTemplate: boolean;
  readonly task: LanguageServing['task'];
  readonly cacheWidth: number;
};

type Values = ReadonlyMap<string, GgufValue>;

const NOT_SERVED = 'Upload the GGUF file of a whole language model or embedding model.';
const MAX_BLOCKS = 10_000;
// Encoders do not predict the token after the last one. https://github.com/ggml-org/llama.cpp/blob/master/src/llama-arch.cpp
const ENCODERS = /(^|-)bert(-|$)|^gemma-embedding$|^t5encoder$/;
const [NO_POOLING, RANKING] = [0, 4];

/** Reads the kind of the network. Fails with `ArtifactRejected` where llama.cpp cannot answer requests with it. */
export function networkOf(values: Values, file: string): Network {
  refuseParts(values, file);
  const architecture = textOf(values, 'general.architecture');
  if (architecture === null) {
    throw rejected(`${file} names no general.architecture, which every model has`, NOT_SERVED);
  }
  const own = (key: string) => values.get(`${architecture}.${key}`);
  const size = (key: string) => sizeOf(own(key), `${architecture}.${key}`, file);
  const blocks = size('block_count');
  const embeddingLength = size('embedding_length');
  const contextLength = size('context_length');
  if (blocks < 1 || blocks > MAX_BLOCKS || embeddingLength < 1 || contextLength < 1) {
    throw rejected(
      `${file} of the architecture ${quoted(architecture)} has ${blocks} blocks, ${embeddingLength} numbers of each token and a context of ${contextLength} tokens: it is not a language model`,
      NOT_SERVED,
    );
  }
  const heads = mean(perBlock(own('attention.head_count'), blocks));
  const keyValueHeads = perBlock(own('attention.head_count_kv') ?? heads, blocks);
  const task = taskOf(architecture, own('pooling_type'), file);
  const width = heads > 0 ? embeddingLength / heads : 0;
  const headWidth =
    (size('attention.key_length') || width) + (size('attention.value_length') || width);
  return {
    architecture,
    name: textOf(values, 'general.name'),
    contextLength,
    embeddingLength,
    feedForwardLength: mean(perBlock(own('feed_forward_length'), blocks)),
    blocks,
    heads,
    keyValueHeads: mean(keyValueHeads),
    vocabulary: lengthOf(values.get('tokenizer.ggml.tokens')),
    tokenizer: textOf(values, 'tokenizer.ggml.model'),
    hasChatTemplate: hasText(values.get('tokenizer.chat_template')),
    task,
    // An encoder keeps nothing from one token to the next.
    cacheWidth: ENCODERS.test(architecture) ? 0 : Math.ceil(sum(keyValueHeads) * headWidth),
  };
}

/** How it is served: within the requested context, else with no longer a context than most requests need. */
export function servingOf(
  { task, contextLength, hasChatTemplate }: Network,
  asked: { readonly contextTokens?: number; readonly requestsAtOnce?: number },
): LanguageServing {
  return {
    task,
    contextTokens: Math.min(contextLength, asked.contextTokens ?? USUAL_CONTEXT),
    requestsAtOnce: asked.requestsAtOnce ?? 1,
    hasChatTemplate,
  };
}

const USUAL_CONTEXT = 4096;

/** The shape from which its memory is estimated. */
export function shapeOf(network: Network, weightBytes: number): LanguageShape {
  const { cacheWidth, embeddingLength, feedForwardLength, vocabulary } = network;
  return { weightBytes, cacheWidth, embeddingLength, feedForwardLength, vocabulary };
}

/** Rejects files that hold only an accessory of a model. */
function refuseParts(values: Values, file: string): void {
  const type = textOf(values, 'general.type') ?? 'model';
  const isProjector = textOf(values, 'general.architecture') === 'clip';
  if (type === 'model' && !isProjector) return;
  throw rejected(
    `${file} is the ${isProjector ? 'projector' : quoted(type)} that goes with a model, not a model itself`,
    NOT_SERVED,
  );
}

function taskOf(architecture: string, pooling: GgufValue | undefined, file: string) {
  if (pooling === RANKING) {
    throw rejected(
      `${file} is a reranker, which this version does not serve as GGUF`,
      'Upload the folder of Hugging Face that it was made from (safetensors or ONNX, …ForSequenceClassification): it answers pairs of texts with scores.',
    );
  }
  const isPooled = typeof pooling === 'number' && pooling !== NO_POOLING;
  return isPooled || ENCODERS.test(architecture) ? 'embed' : 'generate';
}

function sizeOf(value: GgufValue | undefined, key: string, file: string): number {
  if (value === undefined) return 0;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw rejected(`${file} is damaged: its ${key} is not a size`, NOT_SERVED);
}

/** One number for all blocks, or one for each. */
function perBlock(value: GgufValue | undefined, blocks: number): readonly number[] {
  const listed = typeof value === 'object' && 'numbers' in value ? value.numbers : [];
  const one = typeof value === 'number' ? value : 0;
  return Array.from({ length: blocks }, (_, at) => Math.max(0, listed[at] ?? one));
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

function mean(numbers: readonly number[]): number {
  return sum(numbers) / numbers.length;
}

function textOf(values: Values, key: string): string | null {
  const value = values.get(key);
  return typeof value === 'string' ? value : null;
}

function hasText(value: GgufValue | undefined): boolean {
  return (
    (typeof value === 'string' && value !== '') ||
    (typeof value === 'object' && 'textBytes' in value)
  );
}

function lengthOf(value: GgufValue | undefined): number {
  return typeof value === 'object' && 'length' in value ? value.length : 0;
}
