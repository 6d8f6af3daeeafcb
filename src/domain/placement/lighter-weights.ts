import type { ModelFacts } from '#domain/artifact/facts.ts';
import type { BuiltImage } from '#domain/build/image.ts';
import type { Manifest } from '#domain/manifest/manifest.ts';
import { WEIGHTS } from './encoder-memory.ts';

/** Weights of eight bits that a model could have: what to change, and the memory that this saves, in bytes. */
export type LighterWeights = { readonly what: string; readonly savedBytes: number };

type Model = {
  readonly facts: Pick<
    ModelFacts,
    'format' | 'language' | 'pipeline' | 'parameters' | 'weightBytes' | 'memory'
  >;
  readonly manifest: { readonly runtime: Pick<Manifest['runtime'], 'optimize'> };
  readonly image: Pick<BuiltImage, 'proof'>;
};

// A block of 32 weights in Q8_0 has 32 bytes and a scale in half precision. https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h
const Q8_BITS = 8.5;
// Below half precision, eight bits would save little.
const FULL_BITS = 15;
// The build's own int8 of an encoder: a byte of four.
const SAVED_SHARE = 3 / 4;

/**
 * Weights of eight bits for a model whose memory is known by its weights: a GGUF file, which llama.cpp holds once as it is, and an encoder that a build converts and may quantize.
 * Undefined for any other model, and where the weights have few bits already or were requested so.
 */
export function lighterWeights({ facts, manifest, image }: Model): LighterWeights | undefined {
  const { format, language, parameters, weightBytes } = facts;
  if (format === 'gguf' && language && parameters) {
    if ((weightBytes * 8) / parameters < FULL_BITS) return undefined;
    const savedBytes = Math.floor(weightBytes - (parameters * Q8_BITS) / 8);
    return { what: 'upload a GGUF file in Q8_0, for its memory alone', savedBytes };
  }
  const isConverted = facts.pipeline !== undefined && image.proof?.conversion.kept === true;
  const weights = facts.memory.find(({ name }) => name === WEIGHTS);
  if (!isConverted || !weights || manifest.runtime.optimize === 'int8') return undefined;
  const savedBytes = Math.floor(weights.bytes * SAVED_SHARE);
  return { what: 'weights in int8 (runtime.optimize: int8), for their memory alone', savedBytes };
}
