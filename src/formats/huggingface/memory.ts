import type { ImageServing, PipelineServing } from '#domain/artifact/facts.ts';
import type { MemoryTerm } from '#domain/artifact/memory-term.ts';
import { encoderMemory } from '#domain/placement/encoder-memory.ts';
import { imageMemory } from '#domain/placement/image-memory.ts';
import {
  type TorchEncoderShape,
  torchEncoderMemory,
} from '#domain/placement/torch-encoder-memory.ts';
import { torchImageMemory } from '#domain/placement/torch-image-memory.ts';
import type { Network } from './network.ts';
import type { Sentences } from './sentences.ts';
import type { Read } from './served-weights.ts';
import type { TokenizerFacts } from './tokenizer.ts';

/** The contents of the files of a folder, file by file. */
export type Parts = {
  readonly network: Network;
  readonly tokenizer: TokenizerFacts;
  readonly sentences: Sentences | undefined;
  readonly image: ImageServing | undefined;
};

/** The memory that the ONNX server is expected to take for it. */
export function memoryOf(
  parts: Parts,
  pipeline: PipelineServing,
  read: Read,
): readonly MemoryTerm[] {
  const { image } = parts;
  if (image) return imageMemory({ ...image, weightBytes: read.weightBytes });
  return encoderMemory(shapeOf(parts, pipeline, read));
}

/** The memory of a network that a build tries to convert to ONNX, should torch serve it after all. */
export function unconvertedMemory(
  parts: Parts,
  pipeline: PipelineServing,
  read: Read,
): readonly MemoryTerm[] {
  const { image } = parts;
  if (image) return torchImageMemory({ ...image, parameters: read.parameters ?? 0 });
  return torchEncoderMemory(shapeOf(parts, pipeline, read));
}

function shapeOf(
  { network, tokenizer }: Parts,
  { task, maxTokens }: PipelineServing,
  { weightBytes, parameters, dtypes }: Read,
): TorchEncoderShape {
  return {
    ...network,
    weightBytes,
    parameters: parameters ?? 0,
    isQuantized: dtypes.some((each) => /^U?INT8$/.test(each)),
    tokenizer: tokenizer.kind,
    tokenizerBytes: tokenizer.fileBytes,
    maxTokens,
    scoresPerToken: task === 'fill-mask' ? (network.vocabulary ?? 0) : 0,
    isEmbedding: task === 'feature-extraction',
  };
}
