import type { ArtifactFacts, GpuModel } from '#domain/artifact/facts.ts';
import { manifestSchema } from '#domain/manifest/manifest.ts';
import { gpuFor, mayConvert, memoryOn, requireGpu, runtimeOn } from '#domain/placement/gpu-need.ts';

const gpuModel = { weightBytes: 15e9 } as GpuModel;
const facts = { format: 'huggingface', gpuModel } as ArtifactFacts;
const small = { ...facts, gpuModel: { ...gpuModel, weightBytes: 2e9 } };
const said = (accelerator?: string) =>
  manifestSchema.parse(accelerator === undefined ? {} : { resources: { accelerator } });
const ANY = { name: 'any', count: 1 };
type Loaded = Parameters<typeof requireGpu>[0];
const loaded = (format: Loaded['format'], data?: Loaded['format']): Loaded => ({
  format,
  ...(data && { data: { file: 'model', format: data, modelClass: null } }),
});

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
    const said = { format: 'onnx', memory, weightBytes: 15e9, gpuModel } as const;

    expect(memoryOn(said, 'vllm')).toEqual({
      terms: [{ name: 'vLLM on the instance itself', bytes: 6 * 1024 ** 3 }],
      gpuModel,
    });
    expect(memoryOn(said, 'onnx')).toEqual({ terms: memory });
  });

  it('leaves an encoder the memory that it takes unconverted where no build tries to convert it', () => {
    const memory = [{ name: 'the ONNX server', bytes: 1 }];
    const unconverted = [{ name: 'PyTorch', bytes: 9 }];
    const said = { format: 'huggingface', memory, unconverted, weightBytes: 3 } as const;

    expect(memoryOn(said, 'python', false)).toMatchObject({ terms: unconverted });
    expect(memoryOn(said, 'python', true)).toMatchObject({ terms: memory });
    const { unconverted: _, ...image } = said;
    expect(memoryOn(image, 'python', false).terms).toBe(memory);
  });

  it('has vLLM serve a language model, and leaves others to their own server', () => {
    expect(runtimeOn(facts, ANY)).toBe('vllm');
    expect(runtimeOn(facts, null)).not.toBe('vllm');
    expect(runtimeOn({ format: 'custom' }, ANY)).toBe('custom');
  });

  it('is required by weights that only GPUs compute with', () => {
    const quantized = { format: 'huggingface', quantizer: 'gptq' } as const;

    expect(() => requireGpu(quantized, 'python', null)).toThrow(
      'its weights were quantized by gptq, with which only GPUs compute, and none is to serve it',
    );
    expect(() => requireGpu(quantized, 'vllm', ANY)).not.toThrow();
    expect(() => requireGpu({ format: 'huggingface' }, 'python', null)).not.toThrow();
  });

  it('is required by a network that only vLLM may know', () => {
    const unknown = { format: 'huggingface', unknownType: 'new' } as const;

    expect(() => requireGpu(unknown, 'python', null)).toThrow(
      'config.json has the model_type `new`, which transformers, by which CPUs serve it, does not know',
    );
    expect(() => requireGpu(unknown, 'vllm', ANY)).not.toThrow();
  });

  it.each([
    { format: 'onnx', runtime: 'onnx', server: 'the ONNX server' },
    { format: 'sklearn', runtime: 'python', server: 'its framework' },
    { format: 'keras', runtime: 'python', server: 'its framework' },
    { format: 'gguf', runtime: 'python', server: 'llama.cpp, as it comes from the package index,' },
    { format: 'mlflow', data: 'xgboost', runtime: 'python', server: 'its framework' },
    { format: 'huggingface', data: 'onnx', runtime: 'onnx', server: 'the ONNX server' },
  ] as const)('is refused to what would not use it: $format of $data', (model) => {
    const asks = loaded(model.format, 'data' in model ? model.data : undefined);

    expect(() => requireGpu(asks, model.runtime, ANY)).toThrow(
      `resources.accelerator in model.yaml asks for a GPU, and ${model.server} computes on CPUs alone: it would cost, and do nothing`,
    );
    expect(() => requireGpu(asks, model.runtime, null)).not.toThrow();
  });

  it.each([
    { format: 'torch', runtime: 'python' },
    { format: 'huggingface', data: 'huggingface', runtime: 'python' },
    { format: 'python', runtime: 'python' },
    { format: 'mlflow', runtime: 'python' },
    { format: 'custom', runtime: 'custom' },
  ] as const)('is for what torch or code of its own computes on it: $format', (model) => {
    const asks = loaded(model.format, 'data' in model ? model.data : undefined);

    expect(() => requireGpu(asks, model.runtime, ANY)).not.toThrow();
  });

  it('keeps a model from being converted, for ONNX is served on CPUs', () => {
    const torch = { format: 'torch' } as ArtifactFacts;

    expect(mayConvert({ facts: torch, manifest: said() }, null)).toBe(true);
    expect(mayConvert({ facts: torch, manifest: said() }, ANY)).toBe(false);
  });

  it('holds the weights of torch twice, beside what CUDA takes', () => {
    const facts = { format: 'torch', memory: [], weightBytes: 3 * 1024 ** 3 } as const;

    expect(memoryOn(facts, 'python')).toEqual({ terms: [], gpuBytes: 8 * 1024 ** 3 });
  });
});
