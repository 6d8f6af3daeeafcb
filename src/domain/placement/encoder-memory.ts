import type { MemoryTerm } from '#domain/artifact/memory-term.ts';

const MIB = 1024 * 1024;

// Node with onnxruntime and the tokenizers: 115 MiB with encoders of a few hundred words, 150 where Node compiles them anew as it starts.
const SERVER_BYTES = 124 * MIB;
// The 90 MB of MiniLM in single precision took 105 MB with its tokenizer once they were read.
const WEIGHT_COPIES = 1.2;
// Weights of eight bits: onnxruntime reads them, packs them, and converts to single precision the part that it cannot use packed. The 23 MB of MiniLM were measured at 140 to 180.
const QUANTIZED_COPIES = 3;
// The size of a tokenizer's objects per word: 450 bytes were measured for WordPiece, 880 for BPE with its merges and for Unigram.
const WORD_BYTES: Readonly<Record<string, number>> = { WordPiece: 500 };
const USUAL_WORD_BYTES = 900;
// The memory of a tokenizer with an unknown number of words is estimated from the size of its file.
const TOKENIZER_COPIES = 20;
const NUMBER_BYTES = 4;
/** The name of the memory term that int8 makes smaller. */
export const WEIGHTS = 'the weights and their copies';
// How many tokens are computed in one run, padding included: runtimes/onnx/language/batches.ts.
const RUN_TOKENS = 512;
const USUAL_TOKENS = 512;
// onnxruntime keeps the memory that it has once allocated, by powers of two: with MiniLM and runs of many lengths, 75 to 155 MB were measured.
const KEPT = 4;

/** The shape of an encoder; null where its configuration does not record it. `scoresPerToken` is the number of scores that it answers for each token, 0 where they are few. */
export type EncoderShape = {
  readonly weightBytes: number;
  readonly parameters: number;
  /** Whether its weights are in eight bits. */
  readonly isQuantized: boolean;
  readonly tokenizerBytes: number;
  /** The type that tokenizer.json gives: "WordPiece". */
  readonly tokenizer: string | null;
  readonly vocabulary: number | null;
  readonly maxTokens: number | null;
  readonly hiddenSize: number | null;
  readonly heads: number | null;
  readonly feedForwardSize: number | null;
  readonly scoresPerToken: number;
};

/**
 * The expected memory for serving it by onnxruntime: the server, the weights, the tokenizer, and the working memory of one run of texts.
 * For each token, a layer keeps its hidden states some six times, those of the wide layer twice, and the attention of each head to all tokens of the text twice.
 */
export function encoderMemory(shape: EncoderShape): readonly MemoryTerm[] {
  return [
    { name: 'the ONNX server', bytes: SERVER_BYTES },
    { name: WEIGHTS, bytes: Math.ceil(heldBytes(shape)) },
    { name: 'the tokenizer', bytes: wordBytes(shape) },
    { name: `the activations of ${runTokens(shape)} tokens`, bytes: activationBytes(shape) },
  ];
}

type StaticShape = Pick<
  EncoderShape,
  'weightBytes' | 'tokenizer' | 'tokenizerBytes' | 'vocabulary'
>;

/** The same for token vectors that are served as they are stored in their file, and added up for each text: no network runs. */
export function staticMemory(shape: StaticShape): readonly MemoryTerm[] {
  return [
    { name: 'the ONNX server', bytes: SERVER_BYTES },
    { name: 'the vectors of tokens', bytes: shape.weightBytes },
    { name: 'the tokenizer', bytes: wordBytes(shape) },
  ];
}

function heldBytes({ weightBytes, parameters, isQuantized }: EncoderShape): number {
  if (!isQuantized) return weightBytes * WEIGHT_COPIES;
  return weightBytes * QUANTIZED_COPIES + parameters * NUMBER_BYTES * WEIGHT_COPIES;
}

/** The memory of its tokenizer's objects. */
export function wordBytes({
  tokenizer,
  vocabulary,
  tokenizerBytes,
}: Pick<EncoderShape, 'tokenizer' | 'vocabulary' | 'tokenizerBytes'>): number {
  if (vocabulary === null) return tokenizerBytes * TOKENIZER_COPIES;
  return vocabulary * (WORD_BYTES[tokenizer ?? ''] ?? USUAL_WORD_BYTES);
}

function runTokens({ maxTokens }: EncoderShape): number {
  return Math.max(RUN_TOKENS, maxTokens ?? USUAL_TOKENS);
}

function activationBytes(shape: EncoderShape): number {
  const { maxTokens, hiddenSize, heads, feedForwardSize, scoresPerToken } = shape;
  const hidden = hiddenSize ?? 768;
  const ofToken =
    scoresPerToken +
    6 * hidden +
    2 * (feedForwardSize ?? 4 * hidden) +
    2 * (heads ?? hidden / 64) * (maxTokens ?? USUAL_TOKENS);
  return KEPT * runTokens(shape) * ofToken * NUMBER_BYTES;
}
