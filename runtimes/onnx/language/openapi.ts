import type { Document } from '../protocols/openapi.ts';
import { ERROR, type Schema } from '../protocols/schemas.ts';
import { worded } from '../worded.ts';
import type { LanguageModel } from './model.ts';
import { SENTENCE } from './tasks/task.ts';

/** The document of a model over texts: `/invocations` takes requests of Hugging Face's inference API; a model that makes vectors also has OpenAI's path, and one that ranks texts has the paths of ranking servers. */
export function languageDocument(
  document: Document,
  { task, folder, embedder, ranker }: LanguageModel,
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
      ...(ranker && { '/v1/rerank': ranking('documents'), '/rerank': ranking('texts') }),
      ...(embedder && { '/v1/embeddings': embeddings, '/v1/models': models }),
    },
  };
}

/** The request in the form of Cohere, Jina and vLLM (`documents`), or of Hugging Face's embedding server (`texts`). */
function ranking(name: 'documents' | 'texts'): Schema {
  const own: Schema =
    name === 'texts'
      ? { return_text: { type: 'boolean' }, raw_scores: { type: 'boolean' } }
      : { return_documents: { type: 'boolean' } };
  return post(worded('rankTexts'), {
    schema: {
      type: 'object',
      required: ['query', name],
      properties: {
        query: { type: 'string' },
        [name]: { type: 'array', items: { type: 'string' }, minItems: 1 },
        top_n: { type: 'integer', minimum: 1 },
        ...own,
      },
    },
    example: { query: 'Who wrote the first program?', [name]: [SENTENCE, 'It rains in Paris.'] },
  });
}

const answer = {
  200: { description: 'The answer', content: { 'application/json': { schema: {} } } },
  '4XX': {
    description: worded('whatWasWrong'),
    content: { 'application/json': { schema: ERROR } },
  },
};

function post(summary: string, body: Schema): Schema {
  const requestBody = { required: true, content: { 'application/json': body } };
  return { post: { summary, requestBody, responses: answer } };
}
