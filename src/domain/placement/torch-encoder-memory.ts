import type { MemoryTerm } from '#domain/artifact/memory-term.ts';
import { type EncoderShape, wordBytes } from './encoder-memory.ts';
import { TORCH_SERVER } from './transformers-memory.ts';

// torch computes in single precision, whatever precision the weights were saved in.
const NUMBER_BYTES = 4;
const USUAL_TOKENS = 512;
// How many texts are embedded in one run, each padded to the longest; all other tasks run text by text: runtimes/python/slipway_server/frameworks/encoders.py.
const TEXTS_AT_ONCE = 32;

/** An encoder that transformers serves; `isEmbedding` where it makes vectors. */
export type TorchEncoderShape = EncoderShape & { readonly isEmbedding: boolean };

/**
 * The expected memory for serving it by torch and transformers, where it is not converted to ONNX: the server, the weights once, the tokenizer, and the working memory of one run of texts.
 * A layer holds the hidden states of each token some six times, and those of the wide layer twice; its attention keeps nothing.
 */
export function torchEncoderMemory(shape: TorchEncoderShape): readonly MemoryTerm[] {
  const { parameters, maxTokens, hiddenSize, feedForwardSize, scoresPerToken } = shape;
  const hidden = hiddenSize ?? 768;
  const ofToken = scoresPerToken + 6 * hidden + 2 * (feedForwardSize ?? 4 * hidden);
  const tokens = (maxTokens ?? USUAL_TOKENS) * (shape.isEmbedding ? TEXTS_AT_ONCE : 1);
  return [
    TORCH_SERVER,
    { name: 'the weights', bytes: parameters * NUMBER_BYTES },
    { name: 'the tokenizer', bytes: wordBytes(shape) },
    {
      name: `the activations of ${tokens.toLocaleString('en-US')} tokens`,
      bytes: tokens * ofToken * NUMBER_BYTES,
    },
  ];
}
