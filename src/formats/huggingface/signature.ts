import type { PipelineServing } from '#domain/artifact/facts.ts';
import type { Signature, TensorSpec } from '#domain/artifact/signature.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';

const TEXT: TensorSpec = { name: 'text', datatype: 'BYTES', shape: [-1] };
const IMAGE: TensorSpec = { name: 'image', datatype: 'BYTES', shape: [-1] };
const LABELLED: readonly TensorSpec[] = [
  { name: 'label', datatype: 'BYTES', shape: [-1] },
  { name: 'score', datatype: 'FP32', shape: [-1] },
];

/** The inputs and outputs as the Open Inference Protocol carries them: texts or images in, the answers of the task out. `vectorWidth` is the length of a vector before it is truncated. */
export function signatureOf(
  { task, dimensions }: PipelineServing,
  vectorWidth: number | null,
): Signature {
  if (task === 'image-classification') return { inputs: [IMAGE], outputs: LABELLED };
  const context: TensorSpec = { name: 'context', datatype: 'BYTES', shape: [-1] };
  const question: TensorSpec = { name: 'question', datatype: 'BYTES', shape: [-1] };
  const inputs = task === 'question-answering' ? [question, context] : [TEXT];
  if (task === 'feature-extraction') {
    const width = Math.min(vectorWidth ?? -1, dimensions ?? Number.POSITIVE_INFINITY);
    return { inputs, outputs: [{ name: 'embedding', datatype: 'FP32', shape: [-1, width] }] };
  }
  if (task === 'text-classification') {
    return { inputs, outputs: LABELLED };
  }
  // The number of findings in a text varies: each text's list is one JSON text.
  return { inputs, outputs: [{ name: 'answer', datatype: 'BYTES', shape: [-1] }] };
}

// A PNG of twelve by eight pixels, in several colours.
const SMALL_IMAGE =
  'iVBORw0KGgoAAAANSUhEUgAAAAwAAAAICAIAAABChommAAAAWklEQVR42mNkYDghwpAgwsAgwsAgwrAAK5uFQS6BAQoWMDBgZ7MwyEFZW5BE56CqhihawMCQwPAIyQw5FPNYGORgJj9CskUOxUYcbpLD4SafChR/4XATbj8CAP63HnYff75SAAAAAElFTkSuQmCC';
const SENTENCE = 'Ada Lovelace wrote the first program in London.';

/** A request that every model of the task answers; null where the mask token is unknown. */
export function exampleOf(
  { task }: PipelineServing,
  maskToken: string | null,
): GoldenRequest | null {
  const body = { inputs: SENTENCE as unknown };
  if (task === 'question-answering') {
    body.inputs = { question: 'Who wrote the first program?', context: SENTENCE };
  }
  if (task === 'image-classification') body.inputs = SMALL_IMAGE;
  if (task === 'fill-mask') {
    if (maskToken === null) return null;
    body.inputs = `Ada Lovelace wrote the first ${maskToken} in London.`;
  }
  return { protocol: 'invocations', body };
}
