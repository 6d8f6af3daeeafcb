import type { GpuModel } from '#domain/artifact/facts.ts';
import type { MemoryTerm } from '#domain/artifact/memory-term.ts';
import { CACHE_NUMBER_BYTES } from './language-memory.ts';

/** The GPUs of one instance, of `acceleratorMiB` each. */
export type Gpus = {
  readonly accelerator: string;
  readonly count: number;
  readonly acceleratorMiB: number;
};

/** The settings of vLLM: the limit of a request and its answer together, and the part of each GPU's memory that it may use. */
export type FittedServing = {
  readonly maxModelLen: number;
  readonly gpuMemoryUtilization: number;
};

export type GpuServing =
  | FittedServing
  | { readonly maxModelLen: 'auto'; readonly gpuMemoryUtilization: null };

/** On GPUs of a kind that nobody chose, vLLM itself detects the available memory. */
export const AS_FITS: GpuServing = { maxModelLen: 'auto', gpuMemoryUtilization: null };

const MIB = 1024 * 1024;
// CUDA's context, its libraries and the graphs that vLLM captures, on each GPU. Recalled, not measured here.
const ENGINE_BYTES = 2048 * MIB;
// vLLM's default `max_num_batched_tokens` for servers of online requests, and numbers of two bytes.
const BATCH_TOKENS = 2048;
const NUMBER_BYTES = 2;
// The memory of a GPU that the driver and other processes take, which vLLM may not count on.
const RESERVED_MIB = 1024;
const MOST_UTILIZATION = 0.95;
// GPUs of a compute capability below 8.0, which vLLM requires for bfloat16. https://developer.nvidia.com/cuda-gpus
const WITHOUT_BFLOAT16: readonly string[] = ['T4', 'T4g', 'V100', 'M60', 'K80'];
// vLLM keeps the cache in blocks of this many tokens.
const BLOCK_TOKENS = 16;

/** The memory that the GPUs of an instance hold for the model, all together. */
export function gpuMemory(model: GpuModel, count: number): readonly MemoryTerm[] {
  const cached = model.contextTokens * model.requestsAtOnce;
  return [
    { name: 'CUDA and vLLM', bytes: ENGINE_BYTES * count },
    { name: 'the weights', bytes: model.weightBytes },
    { name: 'the activations of a batch', bytes: activationBytes(model) * count },
    {
      name: `the cache of ${cached.toLocaleString('en-US')} tokens`,
      bytes: cached * tokenBytes(model),
    },
  ];
}

/** How vLLM serves it there, with the longest context that the memory allows; undefined where the GPUs cannot hold it. */
export function gpuServing(
  model: GpuModel,
  { accelerator, count, acceleratorMiB }: Gpus,
): FittedServing | undefined {
  if (model.heads % count !== 0) return undefined;
  if (model.isBfloat16 && WITHOUT_BFLOAT16.includes(accelerator)) return undefined;
  const gpuMemoryUtilization = utilization(acceleratorMiB);
  const ownBytes = Math.floor(gpuMemoryUtilization * acceleratorMiB) * MIB * count;
  const cache = gpuMemory(model, count).at(-1)?.bytes ?? 0;
  const leftBytes = ownBytes - (gpuBytes(model, count) - cache);
  if (leftBytes < cache) return undefined;
  const tokens = Math.floor(leftBytes / tokenBytes(model) / BLOCK_TOKENS) * BLOCK_TOKENS;
  const maxModelLen = Math.min(model.contextLength, Math.max(tokens, model.contextTokens));
  return { maxModelLen, gpuMemoryUtilization };
}

/** The memory that the model takes, in bytes, on all GPUs together. */
export function gpuBytes(model: GpuModel, count: number): number {
  return gpuMemory(model, count).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The memory that torch takes on the one GPU where it serves a model: its working memory is unknown beforehand, so it counts as much again as the weights. Recalled, not measured here. */
export function torchBytes(weightBytes: number): number {
  return ENGINE_BYTES + 2 * weightBytes;
}

/** The memory of a GPU that a model can use, without the reserved part. */
export function usableBytes({ acceleratorMiB }: Pick<Gpus, 'acceleratorMiB'>): number {
  return (acceleratorMiB - RESERVED_MIB) * MIB;
}

function utilization(acceleratorMiB: number): number {
  const share = (acceleratorMiB - RESERVED_MIB) / acceleratorMiB;
  return Math.min(MOST_UTILIZATION, Math.floor(share * 100) / 100);
}

function tokenBytes({ cacheWidth }: GpuModel): number {
  return cacheWidth * CACHE_NUMBER_BYTES;
}

function activationBytes({ embeddingLength, feedForwardLength, vocabulary }: GpuModel): number {
  const tokens = BATCH_TOKENS * (2 * feedForwardLength + 6 * embeddingLength);
  // Logits have four bytes each, and are computed for the last token of each request: 256 at most (`max_num_seqs`).
  return NUMBER_BYTES * tokens + 256 * 4 * vocabulary;
}
