import { isRefusal, refusal } from '../refusal.ts';
import { is, isObject, messageOf, show } from '../values/json.ts';
import { worded } from '../worded.ts';
import { type LanguageModel, refuseMany } from './model.ts';
import { shortened } from './tasks/features.ts';
import { type Asked, isText } from './tasks/task.ts';

/** The names by which a request may ask for the model: its own, which its answers have, and its aliases. */
export type ModelNames = { readonly name: string; readonly aliases: readonly string[] };

/** OpenAI's `/v1/embeddings`. Refuses with 400, and with 404 where the request names another model. */
export async function embeddingsOf(
  body: unknown,
  names: ModelNames,
  { embedder }: LanguageModel,
  asked: Asked,
): Promise<object> {
  if (!embedder) throw refusal(400, worded('makesNoEmbeddings', '/invocations'));
  if (!isObject(body)) throw refusal(400, worded('bodyTakesObject', show(body)));
  refuseOtherModel(body['model'], names);
  const texts = textsOf(body['input']);
  refuseMany(texts.length);
  const { dimensions } = body;
  const format = body['encoding_format'] ?? 'float';
  if (format !== 'float' && format !== 'base64') {
    throw refusal(400, worded('encodingFormatTakes', show(format)));
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
    model: names.name,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

/** Refuses with 404, as vLLM does, a request that names another model; one that names no model asks for this one. */
function refuseOtherModel(asked: unknown, { name, aliases }: ModelNames): void {
  if (asked === undefined || asked === null || asked === '') return;
  if (typeof asked !== 'string') {
    throw refusal(400, worded('modelTakesName', show(asked)), { param: 'model' });
  }
  if (asked !== name && !aliases.includes(asked)) throw noSuchModel(asked, name);
}

/** The refusal of an unknown model in OpenAI's words, with advice. */
export function noSuchModel(asked: string, name: string): Error {
  const way = worded('otherNames', name);
  const message = worded('modelNotFound', asked.slice(0, 128), way);
  return refusal(404, message, { code: 'model_not_found', param: 'model' });
}

/** The answer to `/v1/models`: the model by each of its names. */
export function modelList({ name, aliases }: ModelNames): object {
  return { object: 'list', data: [name, ...aliases].map(modelNamed) };
}

/** The answer to `/v1/models/NAME`. */
export function modelNamed(id: string): object {
  return { id, object: 'model', created: 0, owned_by: 'slipway' };
}

/** A refusal as OpenAI's clients read it. */
export function errorBody(error: unknown): string {
  const status = isRefusal(error) ? error.status : 500;
  const type = status < 500 ? 'invalid_request_error' : 'server_error';
  const { param = null, code = null } = isRefusal(error) ? error : {};
  return JSON.stringify({ error: { message: messageOf(error), type, param, code } });
}

function textsOf(input: unknown): readonly string[] {
  const texts = typeof input === 'string' ? [input] : input;
  if (!Array.isArray(texts) || texts.length === 0) {
    throw refusal(400, worded('inputTakesTexts', is(input)));
  }
  // By default LangChain sends tokens of OpenAI's own tokenizer.
  if (!texts.every(isText)) throw refusal(400, worded('inputNotTexts', show(input)));
  // As OpenAI does: a vector of nothing is like every other, or like none.
  if (texts.includes('')) throw refusal(400, worded('inputHasEmptyText'));
  return texts;
}

function dimensionsOf(value: unknown, own: number): number {
  if (value === undefined || value === null) return own;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value;
  throw refusal(400, worded('dimensionsTake', show(value)));
}

function base64(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');
}
