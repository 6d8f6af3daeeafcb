import { isRefusal, refusal } from '../refusal.ts';
import { isObject, messageOf, show } from '../values/json.ts';
import { type LanguageModel, refuseMany } from './model.ts';
import { shortened } from './tasks/features.ts';
import type { Asked } from './tasks/task.ts';

/** OpenAI's `/v1/embeddings`; the model is the one that is served, whatever name the client gives. Refuses with 400. */
export async function embeddingsOf(
  body: unknown,
  model: string,
  { embedder }: LanguageModel,
  asked: Asked,
): Promise<object> {
  if (!embedder) throw refusal(400, 'the model makes no embeddings; ask it by /invocations');
  if (!isObject(body)) throw refusal(400, `the body is ${show(body)}; it takes an object`);
  const texts = textsOf(body['input']);
  refuseMany(texts.length);
  const { encoding_format: format = 'float', dimensions } = body;
  if (format !== 'float' && format !== 'base64') {
    throw refusal(400, `encoding_format is ${show(format)}; it takes float or base64`);
  }
  const vectors = await embedder.embed(texts, asked);
  const tokens = vectors.reduce((sum, each) => sum + each.tokens, 0);
  return {
    object: 'list',
    data: vectors.map(({ vector }, index) => {
      const wanted = shortened(vector, dimensionsOf(dimensions, vector.length));
      return {
        object: 'embedding',
        index,
        embedding: format === 'base64' ? base64(wanted) : [...wanted],
      };
    }),
    model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

// LangChain sends tokens of OpenAI's own tokenizer unless it is told not to.
const AS_TEXTS = 'send texts (LangChain: check_embedding_ctx_length=False)';

/** What `/v1/models` answers. */
export function modelList(name: string): object {
  const model = { id: name, object: 'model', created: 0, owned_by: 'slipway' };
  return { object: 'list', data: [model] };
}

/** A refusal as OpenAI's clients read it. */
export function errorBody(error: unknown): string {
  const status = isRefusal(error) ? error.status : 500;
  const type = status < 500 ? 'invalid_request_error' : 'server_error';
  return JSON.stringify({ error: { message: messageOf(error), type, param: null, code: null } });
}

function textsOf(input: unknown): readonly string[] {
  const texts = typeof input === 'string' ? [input] : input;
  const isList = Array.isArray(texts) && texts.every((each) => typeof each === 'string');
  if (isList && texts.length > 0) return texts;
  if (Array.isArray(texts) && texts.length > 0) {
    throw refusal(400, `input is ${show(input)} that are not all texts; ${AS_TEXTS}`);
  }
  throw refusal(400, `input is ${show(input)}; it takes a text or a list of texts`);
}

function dimensionsOf(value: unknown, own: number): number {
  if (value === undefined || value === null) return own;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value;
  throw refusal(400, `dimensions is ${show(value)}; it takes a whole number from 1`);
}

function base64(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');
}
