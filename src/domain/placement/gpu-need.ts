import type { ArtifactFacts, GpuModel, MemoryTerm } from '#domain/artifact/facts.ts';
import { runtimeOf } from '#domain/artifact/format.ts';
import type { RuntimeName } from '#domain/build/runtime.ts';
import type { Inspection } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { type Accelerator, ANY_GPU, acceleratorOf } from '#domain/manifest/manifest.ts';
import { HOST_MEMORY } from './gpu-memory.ts';

/** What GPUs there are for: `areChosen` where a model that needs one gets it without asking; `vllmImage` serves language models on them, null where there is none. */
export type Gpus = { readonly areChosen: boolean; readonly vllmImage: string | null };

// A CPU reads all weights for each token: at some 20 GB a second, the memory of the largest tasks, more than these make less than 3 tokens.
const MOST_CPU_BYTES = 8 * 1024 ** 3;

/** The GPU that a model asks for: that of its manifest; where that says nothing and `choosesGpus`, any for a language model that a CPU is too slow for. */
export function gpuFor({ facts, manifest }: Inspection, choosesGpus: boolean): Accelerator | null {
  const isSaid = manifest.resources.accelerator !== undefined;
  if (isSaid || !choosesGpus) return acceleratorOf(manifest);
  const weightBytes = facts.gpuModel?.weightBytes ?? 0;
  return weightBytes > MOST_CPU_BYTES ? { name: ANY_GPU, count: 1 } : null;
}

/** What it takes of the memory of its machine, and where vLLM serves it of that of its GPUs. */
export function memoryOn(
  { memory, gpuModel }: Pick<ArtifactFacts, 'memory' | 'gpuModel'>,
  runtime: RuntimeName,
): { readonly terms: readonly MemoryTerm[]; readonly gpuModel?: GpuModel | undefined } {
  return runtime === 'vllm' ? { terms: HOST_MEMORY, gpuModel } : { terms: memory };
}

/** What serves it: with a GPU, a language model's own server. */
export function runtimeOn(
  facts: Pick<ArtifactFacts, 'format' | 'gpuModel'>,
  gpu: Accelerator | null,
): RuntimeName {
  return gpu && facts.gpuModel ? 'vllm' : runtimeOf(facts);
}

/** Fails with `ArtifactRejected` for weights that only GPUs compute with, where none serves them. */
export function requireGpu(
  { quantizer }: Pick<ArtifactFacts, 'quantizer'>,
  runtime: RuntimeName,
): void {
  if (quantizer === undefined || runtime === 'vllm') return;
  throw new Failure(
    'ArtifactRejected',
    `its weights were quantized by ${quantizer}, with which only GPUs compute, and none is to serve it`,
    {
      fix: 'Set `resources.accelerator: any` in model.yaml (docs/deploy.md#gpus); or upload the model before it was quantized, or its GGUF file, which a CPU serves at 4 bits too.',
    },
  );
}
