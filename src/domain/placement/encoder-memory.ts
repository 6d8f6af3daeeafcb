import type { MemoryTerm } from '#domain/artifact/facts.ts';

const MIB = 1024 * 1024;

// Node with onnxruntime loaded and idle.
const SERVER_BYTES = 128 * MIB;
// onnxruntime reads the file and then packs the weights of its matrix products.
const WEIGHT_COPIES = 2;
// A tokenizer's file as objects: the vocabulary is a map of texts to numbers.
const TOKENIZER_COPIES = 12;
const NUMBER_BYTES = 4;
/** How many tokens are computed in one run, padding included: runtimes/onnx/language/batches.ts. */
export const RUN_TOKENS = 2048;
const USUAL_TOKENS = 512;

/** The shape of an encoder; null where its configuration does not tell. */
export type EncoderShape = {
  readonly weightBytes: number;
  readonly tokenizerBytes: number;
  readonly maxTokens: number | null;
  readonly hiddenSize: number | null;
  readonly heads: number | null;
  readonly feedForwardSize: number | null;
};

/**
 * What serving it by onnxruntime is expected to take: the server, the weights and their packed copy, the tokenizer, and what one run of texts is computed in.
 * A layer keeps, of each token, its hidden states some six times, those of the wide layer twice, and the attention of each head to all tokens of the text twice.
 */
export function encoderMemory(shape: EncoderShape): readonly MemoryTerm[] {
  const { weightBytes, tokenizerBytes } = shape;
  return [
    { name: 'the ONNX server', bytes: SERVER_BYTES },
    { name: 'the weights and their copies', bytes: weightBytes * WEIGHT_COPIES },
    { name: 'the tokenizer', bytes: tokenizerBytes * TOKENIZER_COPIES },
    { name: `the activations of ${runTokens(shape)} tokens`, bytes: activationBytes(shape) },
  ];
}

function runTokens({ maxTokens }: EncoderShape): number {
  return Math.max(RUN_TOKENS, maxTokens ?? USUAL_TOKENS);
}

function activationBytes(shape: EncoderShape): number {
  const { maxTokens, hiddenSize, heads, feedForwardSize } = shape;
  const hidden = hiddenSize ?? 768;
  const ofToken =
    6 * hidden +
    2 * (feedForwardSize ?? 4 * hidden) +
    2 * (heads ?? hidden / 64) * (maxTokens ?? USUAL_TOKENS);
  return runTokens(shape) * ofToken * NUMBER_BYTES;
}
