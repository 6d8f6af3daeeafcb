import { isRefusal } from '../refusal.ts';
import { textOf } from '../serving/body.ts';
import { type Call, OTHER_MODEL, type Reply, type Route } from '../serving/route.ts';
import type { Session } from '../session/session.ts';
import { parseJson } from '../values/json.ts';
import { answerInference, cutWarning, readInference } from './inference-api.ts';
import { isLanguage, type LanguageModel } from './model.ts';
import {
  embeddingsOf,
  errorBody,
  type ModelNames,
  modelList,
  modelNamed,
  noSuchModel,
} from './openai.ts';
import { rerankedOf } from './rerank.ts';
import type { Asked } from './tasks/task.ts';

/** The answer to a request of Hugging Face's inference API at `/invocations`; undefined for a body in another form, which the call then still has. */
export async function inferenceReply(
  call: Call,
  model: LanguageModel,
): Promise<{ readonly reply: Reply | undefined; readonly call: Call }> {
  if (call.type('text/csv') === 'text/csv') return { reply: undefined, call };
  const bytes = await call.body();
  const request = readInference(parseJson(textOf(bytes)), model);
  const kept = { ...call, body: async () => bytes };
  if (!request) return { reply: undefined, call: kept };
  const asked: Asked = { isGone: call.isGone, cut: 0 };
  const answer = await answerInference(request, model, asked);
  const reply = { status: 200, body: JSON.stringify(answer), headers: cutWarning(asked, model) };
  return { reply, call: kept };
}

// The names that Hugging Face's embedding server, Jina and vLLM, and Cohere's clients of either version use.
const RERANK = ['/rerank', '/v1/rerank', '/v2/rerank'] as const;

/** OpenAI's paths and those that rank texts, as far as the model supports them; the list of models is KServe's too. `loaded` returns undefined until the model is loaded. */
export function openAiRoutes(
  names: ModelNames,
  session: () => Session,
  loaded: () => Session | undefined,
): readonly [string, Route][] {
  const withLanguage =
    (answer: (language: LanguageModel, call: Call) => Promise<Reply>): Route['answer'] =>
    async (call) => {
      const ready = session();
      if (isLanguage(ready)) return answer(ready.language, call);
      throw call.absent();
    };
  const answered = (answerOf: typeof embeddingsOf): Route => ({
    method: 'POST',
    answer: withLanguage((model, call) =>
      inItsWords(async () => {
        call.type();
        const asked: Asked = { isGone: call.isGone, cut: 0 };
        const answer = await answerOf(parseJson(textOf(await call.body())), names, model, asked);
        return { status: 200, body: JSON.stringify(answer), headers: cutWarning(asked, model) };
      }),
    ),
  });
  const models = (): Reply => {
    const ready = loaded();
    const own = ready && isLanguage(ready) ? modelList(names) : {};
    return { status: 200, body: JSON.stringify({ ...own, models: [names.name] }) };
  };
  const alias = (id: string): Route => ({
    method: 'GET',
    answer: withLanguage(async () => ({ status: 200, body: JSON.stringify(modelNamed(id)) })),
  });
  const other: Route = {
    method: 'GET',
    answer: withLanguage(async (_, { path }) =>
      refused(noSuchModel(path.replace('/v1/models/', ''), names.name)),
    ),
  };
  return [
    ['/v1/embeddings', answered(embeddingsOf)],
    ...RERANK.map((path): [string, Route] => [path, answered(rerankedOf)]),
    ['/v1/models', { method: 'GET', answer: models }],
    // OpenAI's clients encode a slash.
    ...names.aliases.flatMap((id): [string, Route][] =>
      [id, encodeURIComponent(id)].map((path) => [`/v1/models/${path}`, alias(id)]),
    ),
    [OTHER_MODEL, other],
  ];
}

function inItsWords(answer: () => Promise<Reply>): Promise<Reply> {
  return answer().catch(refused);
}

/** The server reports its own failures, as for every path. */
function refused(error: unknown): Reply {
  if (!isRefusal(error)) throw error;
  const { status, retryAfterSeconds } = error;
  return {
    status,
    body: errorBody(error),
    ...(retryAfterSeconds && { headers: { 'retry-after': String(retryAfterSeconds) } }),
  };
}
