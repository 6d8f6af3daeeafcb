import type { Document } from '../protocols/openapi.ts';
import { ERROR, type Schema } from '../protocols/schemas.ts';
import { worded } from '../worded.ts';
import type { ImageModel } from './model.ts';

/** The document of a model over images: `/invocations` takes an image as its body, or a request of Hugging Face's inference API. */
export function imageDocument(document: Document, { task }: ImageModel): Document {
  const base64 = { type: 'string', description: worded('imageInJson') };
  const inputs: Schema = { anyOf: [base64, { type: 'array', items: base64, minItems: 1 }] };
  const parameters = {
    top_k: { type: 'integer', minimum: 1, default: 5 },
    function_to_apply: { enum: ['softmax', 'sigmoid', 'none'] },
  };
  const json = {
    schema: {
      type: 'object',
      required: ['inputs'],
      properties: { inputs, parameters: { type: 'object', properties: parameters } },
    },
    example: { inputs: task.example },
  };
  const bytes = { schema: { type: 'string', format: 'binary' } };
  const types = ['image/png', 'image/jpeg', 'image/webp'];
  const form = {
    schema: {
      type: 'object',
      required: ['image'],
      properties: { image: bytes.schema, ...parameters },
    },
  };
  // A page that calls the model first offers the first type.
  const content = {
    'multipart/form-data': form,
    ...Object.fromEntries(types.map((type) => [type, bytes])),
    'application/json': json,
  };
  const summary = worded('tellWhatIsInImage');
  const labels = listOf({
    type: 'object',
    properties: { label: { type: 'string' }, score: { type: 'number' } },
  });
  const post = {
    summary,
    requestBody: { required: true, content },
    responses: {
      200: answer('The labels, the likeliest first', { anyOf: [labels, listOf(labels)] }),
      '4XX': answer(worded('whatWasWrong'), ERROR),
    },
  };
  return { ...document, paths: { ...document.paths, '/invocations': { post } } };
}

function answer(description: string, schema: Schema): Schema {
  return { description, content: { 'application/json': { schema } } };
}

function listOf(items: Schema): Schema {
  return { type: 'array', items };
}
