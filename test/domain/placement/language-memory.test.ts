import { languageMemory } from '#domain/placement/language-memory.ts';

const MIB = 2 ** 20;
// SmolLM2-135M in Q4_1: 30 blocks of 3 heads of keys and values, each of 64 numbers.
const SMOLLM = {
  weightBytes: 96_576_768,
  cacheWidth: 30 * 3 * (64 + 64),
  embeddingLength: 576,
  feedForwardLength: 1536,
  vocabulary: 49_152,
};
const ONE = { task: 'generate', contextTokens: 4096, requestsAtOnce: 1 } as const;

describe('the memory that a language model is expected to take', () => {
  it('is what one was seen to hold, and little more', () => {
    const seenBytes = 275_181_568;

    expect(sum(ONE)).toBeGreaterThan(seenBytes);
    expect(sum(ONE)).toBeLessThan(1.3 * seenBytes);
  });

  it('grows by the cache of each token, whoever has it', () => {
    const tokenBytes = 2 * SMOLLM.cacheWidth;

    expect(sum({ ...ONE, contextTokens: 4097 }) - sum(ONE)).toBe(tokenBytes);
    expect(languageMemory(SMOLLM, { ...ONE, requestsAtOnce: 2 })[2]).toEqual({
      name: 'the cache of 8,192 tokens',
      bytes: 8192 * tokenBytes,
    });
  });

  it('has room for a batch of a prompt, and the scores of each request', () => {
    const buffers = (requestsAtOnce: number) =>
      languageMemory(SMOLLM, { ...ONE, requestsAtOnce })[3];
    const batch = 512 * (2 * 1536 + 6 * 576);

    expect(buffers(1)).toEqual({
      name: 'the compute buffers',
      bytes: 32 * MIB + 4 * (batch + 49_152),
    });
    expect(buffers(3)?.bytes).toBe(32 * MIB + 4 * (batch + 3 * 49_152));
  });

  it('is the server and the weights besides', () => {
    expect(languageMemory(SMOLLM, ONE).slice(0, 2)).toEqual([
      { name: 'the server and llama.cpp', bytes: 80 * MIB },
      { name: 'the weights', bytes: SMOLLM.weightBytes },
    ]);
  });

  it('is more for a model that embeds long texts, each in one go', () => {
    const bytes = (contextTokens: number) =>
      languageMemory(SMOLLM, { ...ONE, task: 'embed', contextTokens })[3]?.bytes ?? 0;

    expect(bytes(256)).toBe(languageMemory(SMOLLM, ONE)[3]?.bytes);
    expect(bytes(4096)).toBeGreaterThan(bytes(512) + 80 * MIB);
  });
});

function sum(serving: Parameters<typeof languageMemory>[1]): number {
  return languageMemory(SMOLLM, serving).reduce((total, { bytes }) => total + bytes, 0);
}
