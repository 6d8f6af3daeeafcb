import { languageMemory } from '#domain/placement/language-memory.ts';
import { lighterWeights } from '#domain/placement/lighter-weights.ts';

const PARAMETERS = 1_100_000_000;
const NONE = { runtime: {} } as never;
const SERVING = { task: 'generate', contextTokens: 2048, requestsAtOnce: 1 } as const;

/** A language model of TinyLlama's shape. */
function gguf(bytesPerWeight: number) {
  const weightBytes = PARAMETERS * bytesPerWeight;
  const shape = { cacheWidth: 11_264, embeddingLength: 2048, feedForwardLength: 5632 };
  const memory = languageMemory({ ...shape, weightBytes, vocabulary: 32_000 }, SERVING);
  const facts = { format: 'gguf', language: SERVING as never, parameters: PARAMETERS } as const;
  return { ...facts, weightBytes, memory };
}

const sumOf = ({ memory }: ReturnType<typeof gguf>) =>
  memory.reduce((sum, { bytes }) => sum + bytes, 0);

const said = (facts: Parameters<typeof lighterWeights>[0]['facts']) =>
  lighterWeights({ facts, manifest: NONE, image: { proof: null } });

describe('weights of eight bits', () => {
  it('leave a GGUF file in half precision the memory of the same model in Q8_0', () => {
    const [half, eight] = [gguf(2), gguf(8.5 / 8)];

    const lighter = said(half);

    expect(sumOf(half) - (lighter?.savedBytes ?? 0)).toBeCloseTo(sumOf(eight), -1);
    expect(lighter?.what).toMatch(/Q8_0/);
  });

  it('are nothing new for a GGUF file of few bits', () => {
    expect(said(gguf(8.5 / 8))).toBeUndefined();
    expect(said(gguf(0.6))).toBeUndefined();
  });

  const memory = [
    { name: 'the ONNX server', bytes: 100 },
    { name: 'the weights and their copies', bytes: 1000 },
  ];
  const encoder = { format: 'huggingface', pipeline: {}, parameters: 1, weightBytes: 1, memory };
  const of = (kept: boolean, optimize?: 'int8') =>
    lighterWeights({
      facts: encoder as never,
      manifest: { runtime: optimize ? { optimize } : {} } as never,
      image: { proof: { conversion: { kept } } as never },
    });

  it('are a key of model.yaml for an encoder that the build converts, unless it has tried them', () => {
    expect(of(true)).toEqual({
      what: expect.stringContaining('runtime.optimize: int8'),
      savedBytes: 750,
    });
    expect(of(true, 'int8')).toBeUndefined();
    expect(of(false)).toBeUndefined();
  });

  it('are unknown for any other model', () => {
    const facts = { format: 'onnx', parameters: 1, weightBytes: 4, memory } as const;

    expect(said(facts)).toBeUndefined();
  });
});
