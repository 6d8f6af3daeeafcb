import type { ArtifactFacts, GpuModel } from '#domain/artifact/facts.ts';
import { manifestSchema } from '#domain/manifest/manifest.ts';
import { gpuFor, memoryOn, requireGpu, runtimeOn } from '#domain/placement/gpu-need.ts';

const gpuModel = { weightBytes: 15e9 } as GpuModel;
const facts = { format: 'huggingface', gpuModel } as ArtifactFacts;
const small = { ...facts, gpuModel: { ...gpuModel, weightBytes: 2e9 } };
const said = (accelerator?: string) =>
  manifestSchema.parse(accelerator === undefined ? {} : { resources: { accelerator } });
const ANY = { name: 'any', count: 1 };

describe('the GPU of a model', () => {
  it.each([
    { says: 'L4:2', gpu: { name: 'L4', count: 2 } },
    { says: 'any', gpu: ANY },
    { says: 'none', gpu: null },
  ])('is what its manifest says: $says', ({ says, gpu }) => {
    for (const areChosen of [true, false])
      expect(gpuFor({ facts, manifest: said(says) }, areChosen)).toEqual(gpu);
  });

  it('is any for a language model too large for CPUs, where GPUs are chosen and its manifest says nothing', () => {
    expect(gpuFor({ facts, manifest: said() }, true)).toEqual(ANY);
    expect(gpuFor({ facts, manifest: said() }, false)).toBeNull();
    expect(gpuFor({ facts: small, manifest: said() }, true)).toBeNull();
  });

  it('is none where a CPU reads all weights fast enough, or there are no weights to read', () => {
    const of = (weightBytes: number) => ({ ...facts, gpuModel: { ...gpuModel, weightBytes } });
    const unknown = { format: 'onnx' } as ArtifactFacts;

    expect(gpuFor({ facts: of(8 * 1024 ** 3), manifest: said() }, true)).toBeNull();
    expect(gpuFor({ facts: of(8 * 1024 ** 3 + 1), manifest: said() }, true)).toEqual(ANY);
    expect(gpuFor({ facts: unknown, manifest: said() }, true)).toBeNull();
  });

  it('holds what vLLM serves; else the memory of the machine does', () => {
    const memory = [{ name: 'the weights', bytes: 15e9 }];

    expect(memoryOn({ memory, gpuModel }, 'vllm')).toEqual({
      terms: [{ name: 'vLLM on the instance itself', bytes: 6 * 1024 ** 3 }],
      gpuModel,
    });
    expect(memoryOn({ memory, gpuModel }, 'onnx')).toEqual({ terms: memory });
  });

  it('has vLLM serve a language model, and leaves others to their own server', () => {
    expect(runtimeOn(facts, ANY)).toBe('vllm');
    expect(runtimeOn(facts, null)).not.toBe('vllm');
    expect(runtimeOn({ format: 'custom' }, ANY)).toBe('custom');
  });

  it('is required by weights that only GPUs compute with', () => {
    expect(() => requireGpu({ quantizer: 'gptq' }, 'python')).toThrow(
      'its weights were quantized by gptq, with which only GPUs compute, and none is to serve it',
    );
    expect(() => requireGpu({ quantizer: 'gptq' }, 'vllm')).not.toThrow();
    expect(() => requireGpu({}, 'python')).not.toThrow();
  });
});
