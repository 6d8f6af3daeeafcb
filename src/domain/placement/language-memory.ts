import type { LanguageServing } from '#domain/artifact/facts.ts';
import type { MemoryTerm } from '#domain/artifact/memory-term.ts';

const MIB = 1024 * 1024;

// Python, numpy, the server, llama.cpp's library and a tokenizer of 50,000 words: of SmolLM2's 257 MiB, 73 MiB were left without its weights and its cache.
const SERVER_BYTES = 80 * MIB;
// llama.cpp computes this many tokens of a prompt at once (its `n_ubatch`), in numbers of four bytes.
const BATCH_TOKENS = 512;
const NUMBER_BYTES = 4;
const LEAST_COMPUTE_BYTES = 32 * MIB;
// The cache of keys and values holds 16-bit floats.
export const CACHE_NUMBER_BYTES = 2;

/** The shape of a language model: `cacheWidth` is the number of values per token in the cache of keys and values, over all layers. */
export type LanguageShape = {
  readonly weightBytes: number;
  readonly cacheWidth: number;
  readonly embeddingLength: number;
  readonly feedForwardLength: number;
  readonly vocabulary: number;
};

/**
 * The expected memory for serving it by llama.cpp, all of which is held from its start: the weights once, as they are in the file, the cache for each parallel request,
 * and the working memory of one batch of a prompt: with SmolLM2-135M, 43 MiB were measured at 512 tokens.
 */
export function languageMemory(
  shape: LanguageShape,
  serving: Pick<LanguageServing, 'task' | 'contextTokens' | 'requestsAtOnce'>,
): readonly MemoryTerm[] {
  const cached = serving.contextTokens * serving.requestsAtOnce;
  const cache = cached * shape.cacheWidth * CACHE_NUMBER_BYTES;
  return [
    { name: 'the server and llama.cpp', bytes: SERVER_BYTES },
    { name: 'the weights', bytes: shape.weightBytes },
    { name: `the cache of ${cached.toLocaleString('en-US')} tokens`, bytes: cache },
    { name: 'the compute buffers', bytes: computeBytes(shape, serving) },
  ];
}

function computeBytes(
  { embeddingLength, feedForwardLength, vocabulary }: LanguageShape,
  { task, contextTokens, requestsAtOnce }: Parameters<typeof languageMemory>[1],
): number {
  // A text is embedded in one batch.
  const tokens = task === 'embed' ? Math.max(contextTokens, BATCH_TOKENS) : BATCH_TOKENS;
  const batch = tokens * (2 * feedForwardLength + 6 * embeddingLength);
  return LEAST_COMPUTE_BYTES + NUMBER_BYTES * (batch + requestsAtOnce * vocabulary);
}
