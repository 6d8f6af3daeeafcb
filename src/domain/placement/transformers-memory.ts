import type { LanguageServing } from '#domain/artifact/facts.ts';
import type { MemoryTerm } from '#domain/artifact/memory-term.ts';

const MIB = 1024 * 1024;

// Python, torch with the unused libraries of CUDA, and transformers: 733 to 743 MiB were measured with networks of 100,000 numbers.
export const TORCH_SERVER: MemoryTerm = {
  name: 'the server, PyTorch and transformers',
  bytes: 740 * MIB,
};
const LEAST_COMPUTE_BYTES = 64 * MIB;
// The scores of all words are computed in single precision.
const SCORE_BYTES = 4;

/** The shape of a network that generates; null where its configuration does not record it. `numberBytes` is the size of one number in its weights and its cache. */
export type GeneratorShape = {
  readonly weightBytes: number;
  readonly layers: number | null;
  readonly heads: number | null;
  readonly keyValueHeads: number | null;
  readonly headSize: number | null;
  readonly hiddenSize: number | null;
  readonly vocabulary: number | null;
  readonly numberBytes: number;
};

/** The expected memory for serving it by transformers: the weights once, and for each parallel request the cache of its context and the scores of its tokens. */
export function transformersMemory(
  shape: GeneratorShape,
  { contextTokens, requestsAtOnce }: Pick<LanguageServing, 'contextTokens' | 'requestsAtOnce'>,
): readonly MemoryTerm[] {
  const cached = contextTokens * requestsAtOnce;
  const layers = shape.layers ?? 0;
  const scores = requestsAtOnce * (shape.vocabulary ?? 0) * SCORE_BYTES;
  const attention =
    requestsAtOnce * contextTokens * (shape.hiddenSize ?? 0) * 8 * shape.numberBytes;
  return [
    TORCH_SERVER,
    { name: 'the weights', bytes: shape.weightBytes },
    {
      name: `the cache of ${cached.toLocaleString('en-US')} tokens`,
      bytes: cached * 2 * layers * widthOf(shape) * shape.numberBytes,
    },
    { name: 'the activations of a prompt', bytes: LEAST_COMPUTE_BYTES + scores + attention },
  ];
}

/** The number of values in a token's keys in one layer. */
function widthOf({ heads, keyValueHeads, headSize, hiddenSize }: GeneratorShape): number {
  const ofHead = headSize ?? (hiddenSize ?? 0) / (heads ?? 1);
  return Math.ceil((keyValueHeads ?? heads ?? 1) * ofHead);
}
