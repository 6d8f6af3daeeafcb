import type { GpuModel, ModelFacts } from '#domain/artifact/facts.ts';
import type { Network } from './network.ts';

type Asked = { readonly contextTokens?: number; readonly requestsAtOnce?: number };

const USUAL_CONTEXT = 4096;
// A GPU answers this many requests in parallel nearly as fast as one.
const USUAL_REQUESTS = 8;
const HALF_BYTES = 2;

/** The memory needs of a decoder on GPUs; undefined for other tasks, and where its configuration does not record its shape. */
export function gpuModelOf(
  network: Network,
  { dtypes, parameters, weightBytes }: Pick<ModelFacts, 'dtypes' | 'parameters' | 'weightBytes'>,
  asked: Asked,
): GpuModel | undefined {
  const { task, layers, heads, hiddenSize, vocabulary, positions } = network;
  if (task !== 'text-generation' || !layers || !heads || !hiddenSize || !vocabulary)
    return undefined;
  const headSize = network.headSize ?? hiddenSize / heads;
  const contextLength = positions ?? USUAL_CONTEXT;
  return {
    // vLLM converts single precision to half precision. https://docs.vllm.ai/en/latest/configuration/engine_args (--dtype auto)
    weightBytes: dtypes.includes('FP32') ? (parameters ?? 0) * HALF_BYTES : weightBytes,
    cacheWidth: 2 * layers * Math.ceil((network.keyValueHeads ?? heads) * headSize),
    embeddingLength: hiddenSize,
    feedForwardLength: network.feedForwardSize ?? 4 * hiddenSize,
    vocabulary,
    heads,
    contextLength,
    contextTokens: Math.min(contextLength, asked.contextTokens ?? USUAL_CONTEXT),
    requestsAtOnce: asked.requestsAtOnce ?? USUAL_REQUESTS,
    isBfloat16: dtypes.includes('BF16'),
  };
}
