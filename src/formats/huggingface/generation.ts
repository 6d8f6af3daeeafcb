import type { LanguageServing, PipelineServing } from '#domain/artifact/facts.ts';
import type { MemoryTerm } from '#domain/artifact/memory-term.ts';
import type { Signature } from '#domain/artifact/signature.ts';
import { type GeneratorShape, transformersMemory } from '#domain/placement/transformers-memory.ts';

/** The packages that load and run a network as transformers saved it: each version reads the files of those before it. */
export const TRANSFORMERS: readonly string[] = ['torch==2.15.0', 'transformers==5.24.0'];

/** The packages with which transformers makes a tokenizer from a SentencePiece model, where there is no tokenizer.json. */
export const PIECES: readonly string[] = ['sentencepiece==0.2.3', 'protobuf>=5'];

/** The package with which its image processors resize; the ONNX server does the same. Older versions resize in another order. */
export const PILLOW = 'pillow==13.0.0';

// The package with which torch's exporter writes ONNX.
export const CONVERTER = 'onnxscript>=0.5';

/** The input is texts, and the output their continuations. */
export const TEXTS: Signature = {
  inputs: [{ name: 'text', datatype: 'BYTES', shape: [-1] }],
  outputs: [{ name: 'text', datatype: 'BYTES', shape: [-1] }],
};

const USUAL_CONTEXT = 4096;

/** How it is served: within the requested context, else with no longer a context than most requests need. */
export function languageOf(
  { maxTokens, hasChatTemplate }: PipelineServing,
  asked: { readonly contextTokens?: number; readonly requestsAtOnce?: number },
): LanguageServing {
  return {
    task: 'generate',
    contextTokens: Math.min(maxTokens ?? USUAL_CONTEXT, asked.contextTokens ?? USUAL_CONTEXT),
    requestsAtOnce: asked.requestsAtOnce ?? 1,
    hasChatTemplate,
  };
}

type Shape = Omit<GeneratorShape, 'numberBytes'> & { readonly dtypes: readonly string[] };

export function generationMemory(
  { dtypes, ...shape }: Shape,
  language: LanguageServing,
): readonly MemoryTerm[] {
  const numberBytes = dtypes.some((each) => /^(FP32|FP64)$/.test(each)) ? 4 : 2;
  return transformersMemory({ ...shape, numberBytes }, language);
}
