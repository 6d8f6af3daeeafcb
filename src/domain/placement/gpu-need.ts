import type { ArtifactFacts, GpuModel } from '#domain/artifact/facts.ts';
import { loadedAs, pageOf, runtimeOf, unconvertedBecause } from '#domain/artifact/format.ts';
import type { MemoryTerm } from '#domain/artifact/memory-term.ts';
import { RUNTIME_NAMES, RUNTIMES, type RuntimeName } from '#domain/build/runtime.ts';
import type { Inspection } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { type Accelerator, ANY_GPU, acceleratorOf } from '#domain/manifest/manifest.ts';
import { torchBytes } from './gpu-memory.ts';

/** The available GPUs: `areChosen` where a model that needs one gets it without a request; `baseImages` are the base images of runtimes, by their settings, each absent where no image is named. */
export type Gpus = {
  readonly areChosen: boolean;
  readonly baseImages: Readonly<Record<string, string>>;
};

// A CPU reads all weights for each token: at some 20 GB a second, the memory of the largest tasks, more bytes than these allow less than 3 tokens.
const MOST_CPU_BYTES = 8 * 1024 ** 3;

/** The GPU for a model: that of its manifest; where the manifest names none and `choosesGpus`, any GPU for a language model that is too slow on a CPU. */
export function gpuFor({ facts, manifest }: Inspection, choosesGpus: boolean): Accelerator | null {
  const isSaid = manifest.resources.accelerator !== undefined;
  if (isSaid || !choosesGpus) return acceleratorOf(manifest);
  const weightBytes = facts.gpuModel?.weightBytes ?? 0;
  return weightBytes > MOST_CPU_BYTES ? { name: ANY_GPU, count: 1 } : null;
}

/** The memory that the model takes on its machine, and on its GPUs where a GPU runtime serves it, or on one GPU where torch does. */
export function memoryOn(
  facts: Pick<
    ArtifactFacts,
    'format' | 'data' | 'memory' | 'unconverted' | 'weightBytes' | 'gpuModel'
  >,
  runtime: RuntimeName,
  mayBeConverted = true,
): {
  readonly terms: readonly MemoryTerm[];
  readonly gpuModel?: GpuModel | undefined;
  readonly gpuBytes?: number;
} {
  const { gpuModel, weightBytes } = facts;
  const memory = (mayBeConverted ? undefined : facts.unconverted) ?? facts.memory;
  const { gpu } = RUNTIMES[runtime];
  if (gpu) return { terms: gpu.hostMemory, gpuModel };
  if (!pageOf(loadedAs(facts)).isOfTorch) return { terms: memory };
  return { terms: memory, gpuBytes: torchBytes(weightBytes) };
}

/** The runtime that serves the model: with a GPU, a GPU runtime that supports such a model. */
export function runtimeOn(
  facts: Pick<ArtifactFacts, 'format' | 'gpuModel'>,
  gpu: Accelerator | null,
): RuntimeName {
  const onGpu = RUNTIME_NAMES.find((name) => {
    const serves = RUNTIMES[name].gpu?.serves;
    return serves !== undefined && Reflect.get(facts, serves) !== undefined;
  });
  return (gpu && onGpu) || runtimeOf(facts);
}

/** Fails with `ArtifactRejected` where nobody has named the base image of the runtime. */
export function requireBaseImage(runtime: RuntimeName, { baseImages }: Gpus): void {
  const { base } = RUNTIMES[runtime].image;
  if (!base || baseImages[base.setting]) return;
  throw new Failure('ArtifactRejected', base.missing, { fix: base.fix });
}

/** Fails with `ArtifactRejected` for weights that only GPUs compute with, and for a network that only vLLM may know, where no GPU runtime serves them; and for a GPU that the model's server would not use. */
export function requireGpu(
  facts: Pick<ArtifactFacts, 'format' | 'data' | 'quantizer' | 'unknownType'>,
  runtime: RuntimeName,
  gpu: Accelerator | null,
): void {
  if (RUNTIMES[runtime].gpu) return;
  refuseQuantized(facts);
  refuseUnknown(facts);
  const { brings, isOfTorch, onCpus } = pageOf(loadedAs(facts));
  // The owner's own code may move it to a GPU itself.
  if (!gpu || isOfTorch || brings === 'code') return;
  const { server, instead } = onCpus ?? otherServer(runtime);
  throw new Failure(
    'ArtifactRejected',
    `resources.accelerator in model.yaml asks for a GPU, and ${server} computes on CPUs alone: it would cost, and do nothing`,
    { fix: `Take resources.accelerator out of model.yaml. ${instead}` },
  );
}

/** Why a build does not try to convert it to ONNX, which is served on CPUs alone; undefined where it does. */
export function keptBecause(
  { facts, manifest }: Inspection,
  gpu: Accelerator | null,
): string | undefined {
  const because = unconvertedBecause(facts);
  if (because !== undefined) return because;
  if (gpu !== null) return 'it computes on a GPU, and the ONNX server does not';
  const { image } = facts.pipeline ?? {};
  if (image && !image.isPrepared) {
    return `the ONNX server does not prepare images as ${image.processor} does`;
  }
  return manifest.runtime.optimize === 'none' ? 'runtime.optimize is none' : undefined;
}

/** Whether a build tries to convert it to ONNX. */
export function mayConvert(inspection: Inspection, gpu: Accelerator | null): boolean {
  return keptBecause(inspection, gpu) === undefined;
}

function otherServer(runtime: RuntimeName) {
  const { takesPackages, title } = RUNTIMES[runtime];
  return {
    server: takesPackages ? 'its framework' : title,
    instead: 'Or serve it by a predict.py, or an image of your own, that computes on the GPU.',
  };
}

function refuseQuantized({ quantizer }: Pick<ArtifactFacts, 'quantizer'>): void {
  if (quantizer === undefined) return;
  throw new Failure(
    'ArtifactRejected',
    `its weights were quantized by ${quantizer}, with which only GPUs compute, and none is to serve it`,
    {
      fix: 'Set `resources.accelerator: any` in model.yaml (docs/deploy.md#gpus); or upload the model before it was quantized, or its GGUF file, which a CPU serves at 4 bits too.',
    },
  );
}

function refuseUnknown({ unknownType }: Pick<ArtifactFacts, 'unknownType'>): void {
  if (unknownType === undefined) return;
  throw new Failure(
    'ArtifactRejected',
    `config.json has the model_type \`${unknownType}\`, which transformers, by which CPUs serve it, does not know`,
    {
      fix: "Convert it with llama.cpp's convert_hf_to_gguf.py, where that knows it, and upload the .gguf file; or set `resources.accelerator: any` in model.yaml, where the image of vLLM knows it (docs/deploy.md#gpus); or serve it by a predict.py, with the packages that know it in its requirements.txt.",
    },
  );
}
