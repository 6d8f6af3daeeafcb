import fc from 'fast-check';
import type { GpuModel } from '#domain/artifact/facts.ts';
import gpus from '#domain/data/gpu-instances.json' with { type: 'json' };
import { gpuBytes, gpuMemory, gpuServing } from '#domain/placement/gpu-memory.ts';

const MIB = 2 ** 20;
// Qwen2.5-7B-Instruct: 28 layers of 4 heads of keys and values, each of 128 numbers; 7.6 billion parameters of two bytes.
const SEVEN_B: GpuModel = {
  weightBytes: 15_231_233_024,
  cacheWidth: 28 * 4 * (128 + 128),
  embeddingLength: 3584,
  feedForwardLength: 18_944,
  vocabulary: 152_064,
  heads: 28,
  contextLength: 32_768,
  contextTokens: 4096,
  requestsAtOnce: 8,
  isBfloat16: true,
};
const L4 = { accelerator: 'L4', count: 1, acceleratorMiB: 22_888 };
const T4 = { accelerator: 'T4', count: 1, acceleratorMiB: 16_384 };

describe('a language model on a GPU', () => {
  it('is its weights, the cache of all that is answered at once, a batch, and the engine', () => {
    const batchBytes = 2 * 2048 * (2 * 18_944 + 6 * 3584) + 256 * 4 * 152_064;
    const memory = (count: number) => [
      { name: 'CUDA and vLLM', bytes: 2048 * MIB * count },
      { name: 'the weights', bytes: SEVEN_B.weightBytes },
      { name: 'the activations of a batch', bytes: batchBytes * count },
      { name: 'the cache of 32,768 tokens', bytes: 32_768 * SEVEN_B.cacheWidth * 2 },
    ];

    expect(gpuMemory(SEVEN_B, 1)).toEqual(memory(1));
    expect(gpuMemory(SEVEN_B, 4)).toEqual(memory(4));
  });

  it('has room to the last byte', () => {
    const usableBytes = Math.floor(0.95 * L4.acceleratorMiB) * MIB;
    const weightBytes = SEVEN_B.weightBytes + usableBytes - gpuBytes(SEVEN_B, 1);

    expect(gpuServing({ ...SEVEN_B, weightBytes }, L4)).toEqual({
      maxModelLen: 32_768,
      gpuMemoryUtilization: 0.95,
    });
    expect(gpuServing({ ...SEVEN_B, weightBytes: weightBytes + 1 }, L4)).toBeUndefined();
  });

  it('of 7 billion parameters in 16 bits has room on an L4, with as long a context as the rest holds', () => {
    const serving = gpuServing(SEVEN_B, L4);

    expect(serving?.gpuMemoryUtilization).toBe(0.95);
    expect(serving?.maxModelLen).toBe(32_768);
    expect(gpuServing({ ...SEVEN_B, contextLength: 131_072 }, L4)?.maxModelLen).toBe(87_552);
  });

  it('has none on a T4, which has not the memory, nor bfloat16', () => {
    const small = { ...SEVEN_B, weightBytes: 2 ** 30 };

    expect(gpuServing({ ...SEVEN_B, isBfloat16: false }, T4)).toBeUndefined();
    expect(gpuServing(small, T4)).toBeUndefined();
    expect(gpuServing({ ...small, isBfloat16: false }, T4)).toBeDefined();
  });

  it('is shared out among GPUs by whole heads', () => {
    expect(gpuServing(SEVEN_B, { ...L4, count: 4 })).toBeDefined();
    expect(gpuServing(SEVEN_B, { ...L4, count: 8 })).toBeUndefined();
  });

  it('leaves a small GPU what its driver keeps', () => {
    const tiny = { ...SEVEN_B, weightBytes: 2 ** 28, requestsAtOnce: 1 };

    expect(gpuServing(tiny, { ...L4, acceleratorMiB: 8192 })?.gpuMemoryUtilization).toBe(0.87);
  });

  it('never is given a context that it has no memory for, nor less than was asked', () => {
    const model = fc.record({
      weightBytes: fc.integer({ min: 2 ** 20, max: 2 ** 37 }),
      cacheWidth: fc.integer({ min: 256, max: 200_000 }),
      contextTokens: fc.integer({ min: 512, max: 16_384 }),
      requestsAtOnce: fc.integer({ min: 1, max: 64 }),
    });
    fc.assert(
      fc.property(model, fc.constantFrom(...gpus.instances), (over, type) => {
        const asked = { ...SEVEN_B, heads: 64, contextLength: 131_072, ...over };
        const serving = gpuServing(asked, type);
        if (!serving) return;

        const { maxModelLen, gpuMemoryUtilization } = serving;
        const own = gpuMemoryUtilization * type.acceleratorMiB * type.count * MIB;
        const one = { ...asked, contextTokens: maxModelLen, requestsAtOnce: 1 };
        expect(gpuBytes(one, type.count)).toBeLessThanOrEqual(own);
        expect(maxModelLen).toBeGreaterThanOrEqual(asked.contextTokens);
        expect(maxModelLen).toBeLessThanOrEqual(asked.contextLength);
      }),
    );
  });
});
