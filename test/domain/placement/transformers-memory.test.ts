import { type GeneratorShape, transformersMemory } from '#domain/placement/transformers-memory.ts';

const MIB = 2 ** 20;
// Qwen2.5-0.5B in 16 bits: 24 layers of 2 heads of keys, each of 64 numbers.
const QWEN: GeneratorShape = {
  weightBytes: 988_065_536,
  layers: 24,
  heads: 14,
  keyValueHeads: 2,
  headSize: 64,
  hiddenSize: 896,
  vocabulary: 151_936,
  numberBytes: 2,
};
const ONE = { contextTokens: 4096, requestsAtOnce: 1 };

describe('what transformers is expected to take', () => {
  it('is the server, the weights once, the cache of the context and the activations of a prompt', () => {
    expect(transformersMemory(QWEN, ONE)).toEqual([
      { name: 'the server, PyTorch and transformers', bytes: 740 * MIB },
      { name: 'the weights', bytes: QWEN.weightBytes },
      { name: 'the cache of 4,096 tokens', bytes: 4096 * 2 * 24 * 2 * 64 * 2 },
      {
        name: 'the activations of a prompt',
        bytes: 64 * MIB + 151_936 * 4 + 4096 * 896 * 8 * 2,
      },
    ]);
  });

  it('counts a context for each request that is answered at once', () => {
    const cache = (requestsAtOnce: number) =>
      transformersMemory(QWEN, { ...ONE, requestsAtOnce })[2]?.bytes ?? 0;

    expect(cache(4)).toBe(4 * cache(1));
  });

  it('takes a head of each query, and its share of the hidden size, where the configuration does not say', () => {
    const cache = (shape: Partial<GeneratorShape>) =>
      transformersMemory({ ...QWEN, ...shape }, ONE)[2]?.bytes;

    expect(cache({ keyValueHeads: null })).toBe(4096 * 2 * 24 * 14 * 64 * 2);
    expect(cache({ headSize: null })).toBe(4096 * 2 * 24 * 2 * 64 * 2);
  });

  it('is the least there is where nothing is known of the network', () => {
    const none = { layers: null, heads: null, keyValueHeads: null, headSize: null };
    const terms = transformersMemory({ ...QWEN, ...none, hiddenSize: null, vocabulary: null }, ONE);

    expect(terms.map(({ bytes }) => bytes)).toEqual([740 * MIB, QWEN.weightBytes, 0, 64 * MIB]);
  });
});
