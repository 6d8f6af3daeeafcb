import type { ArtifactFacts, GpuModel } from '#domain/artifact/facts.ts';
import { loadedAs, pageOf, runtimeOf, unconvertedBecause } from '#domain/artifact/format.ts';
import type { MemoryTerm } from '#domain/artifact/memory-term.ts';
import { RUNTIME_NAMES, RUNTIMES, type RuntimeName } from '#domain/build/runtime.ts';
import type { Inspection } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { type Accelerator, ANY_GPU, acceleratorOf } from '#domain/manifest/manifest.ts';
import { torchBytes } from './gpu-memory.ts';

/** What GPUs there are for: `areChosen` where a model that needs one gets it without asking; `baseImages` are those that runtimes are made of, by their settings, each absent where none is named. */
export type Gpus = {
  readonly areChosen: boolean;
  readonly baseImages: Readonly<Record<string, string>>;
};

// A CPU reads all weights for each token: at some 20 GB a second, the memory of the largest tasks, more than these make less than 3 tokens.
const MOST_CPU_BYTES = 8 * 1024 ** 3;

/** The GPU that a model asks for: that of its manifest; where that says nothing and `choosesGpus`, any for a language model that a CPU is too slow for. */
export function gpuFor({ facts, manifest }: Inspection, choosesGpus: boolean): Accelerator | null {
  const isSaid = manifest.resources.accelerator !== undefined;
  if (isSaid || !choosesGpus) return acceleratorOf(manifest);
  const weightBytes = facts.gpuModel?.weightBytes ?? 0;
  return weightBytes > MOST_CPU_BYTES ? { name: ANY_GPU, count: 1 } : null;
}

/** What it takes of the memory of its machine, and of its GPUs where a runtime on GPUs serves it, or of one where torch does. */
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

/** What serves it: with a GPU, a runtime on GPUs that serves such a model. */
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

/** Fails with `ArtifactRejected` where nobody has named the image that the runtime is made of. */
export function requireBaseImage(runtime: RuntimeName, { baseImages }: Gpus): void {
  const { base } = RUNTIMES[runtime].image;
  if (!base || baseImages[base.setting]) return;
  throw new Failure('ArtifactRejected', base.missing, { fix: base.fix });
}

/** Fails with `ArtifactRejected` for weights that only GPUs compute with, and a network that only vLLM may know, where none serves them; and for a GPU that what serves the model would not use. */
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

/** Why a build does not try to make ONNX of it, which is served on CPUs alone; undefined where it does. */
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

/** Whether a build tries to make ONNX of it. */
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
