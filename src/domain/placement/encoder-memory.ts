import type { MemoryTerm } from '#domain/artifact/facts.ts';

const MIB = 1024 * 1024;

// Node with onnxruntime, and what both set aside while they answer: MiniLM in int8 was seen at 300 MiB idle and at 450 with texts of all lengths.
const SERVER_BYTES = 320 * MIB;
// onnxruntime reads the file and then packs the weights of its matrix products.
export const WEIGHT_COPIES = 2;
// A tokenizer's file as objects: the vocabulary is a map of texts to numbers.
const TOKENIZER_COPIES = 12;
const NUMBER_BYTES = 4;
/** What its term is called that int8 makes smaller. */
export const WEIGHTS = 'the weights and their copies';
// How many tokens are computed in one run, padding included: runtimes/onnx/language/batches.ts.
const RUN_TOKENS = 512;
const USUAL_TOKENS = 512;
// onnxruntime keeps what it has once taken, by powers of two.
const KEPT = 3;

/** The shape of an encoder; null where its configuration does not tell. `scoresPerToken` is how many it answers for each token, 0 where they are few. */
export type EncoderShape = {
  readonly weightBytes: number;
  readonly tokenizerBytes: number;
  readonly maxTokens: number | null;
  readonly hiddenSize: number | null;
  readonly heads: number | null;
  readonly feedForwardSize: number | null;
  readonly scoresPerToken: number;
};

/**
 * What serving it by onnxruntime is expected to take: the server, the weights and their packed copy, the tokenizer, and what one run of texts is computed in.
 * A layer keeps, of each token, its hidden states some six times, those of the wide layer twice, and the attention of each head to all tokens of the text twice.
 */
export function encoderMemory(shape: EncoderShape): readonly MemoryTerm[] {
  const { weightBytes, tokenizerBytes } = shape;
  return [
    { name: 'the ONNX server', bytes: SERVER_BYTES },
    { name: WEIGHTS, bytes: weightBytes * WEIGHT_COPIES },
    { name: 'the tokenizer', bytes: tokenizerBytes * TOKENIZER_COPIES },
    { name: `the activations of ${runTokens(shape)} tokens`, bytes: activationBytes(shape) },
  ];
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
