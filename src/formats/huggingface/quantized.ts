import { quoted, rejected } from '#formats/rejected.ts';
import { isObject, type Json, textOf } from './json-file.ts';

// The quantizations that have their own layouts, for which vLLM has GPU kernels. https://docs.vllm.ai/en/latest/features/quantization
const BY_VLLM: readonly string[] = [
  'awq',
  'bitsandbytes',
  'compressed-tensors',
  'fp8',
  'gptq',
  'modelopt',
  'mxfp4',
];
const GGUF =
  "upload the model before it was quantized (safetensors), or its GGUF file (llama.cpp's convert_hf_to_gguf.py and llama-quantize), which a CPU serves at 4 bits too";

/** The quantization method of weights that only GPUs compute with ("gptq"); null where they were not quantized. Fails with `ArtifactRejected` for a method that Slipway does not serve. */
export function quantizerOf(config: Json, name: string): string | null {
  const { quantization, quantization_config: told } = config;
  // MLX writes both keys, transformers only the second.
  if (isObject(quantization) && 'group_size' in quantization) {
    throw rejected(
      `${name} has weights that MLX quantized, which only MLX on Apple's chips reads`,
      `Without MLX, ${GGUF}.`,
    );
  }
  if (!isObject(told)) return null;
  const method = textOf(told['quant_method']) ?? 'a way of its own';
  if (BY_VLLM.includes(method)) return method;
  throw rejected(
    `${name} has weights that were quantized by ${quoted(method)}; this version serves ${BY_VLLM.join(', ')}, each on a GPU`,
    `Instead, ${GGUF}.`,
  );
}
