import type { Document } from '../protocols/openapi.ts';
import { ERROR, type Schema } from '../protocols/schemas.ts';
import type { LanguageModel } from './model.ts';

/** The document of a model over texts: `/invocations` takes what Hugging Face's inference API does, and one that makes vectors has OpenAI's path. */
export function languageDocument(
  document: Document,
  { task, folder, embedder }: LanguageModel,
): Document {
  const inputs: Schema = {
    description: `as in the example, or a list of such`,
    example: task.example,
  };
  const parameters = Object.fromEntries(task.parameters.map((name) => [name, {}]));
  const invocations = post(`Answer texts: ${folder.task}`, {
    schema: {
      type: 'object',
      required: ['inputs'],
      properties: { inputs, parameters: { type: 'object', properties: parameters } },
    },
    example: { inputs: task.example },
  });
  const embeddings = post("Embed texts, by OpenAI's API", {
    schema: {
      type: 'object',
      required: ['input'],
      properties: {
        input: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
        encoding_format: { enum: ['float', 'base64'] },
        dimensions: { type: 'integer', minimum: 1 },
      },
    },
    example: { input: task.example },
  });
  const models: Schema = { get: { summary: "The model, by OpenAI's API", responses: answer } };
  return {
    ...document,
    paths: {
      ...document.paths,
      '/invocations': invocations,
      ...(embedder && { '/v1/embeddings': embeddings, '/v1/models': models }),
    },
  };
}

const answer = {
  200: { description: 'The answer', content: { 'application/json': { schema: {} } } },
  '4XX': { description: 'What was wrong', content: { 'application/json': { schema: ERROR } } },
};

function post(summary: string, body: Schema): Schema {
  const requestBody = { required: true, content: { 'application/json': body } };
  return { post: { summary, requestBody, responses: answer } };
}
