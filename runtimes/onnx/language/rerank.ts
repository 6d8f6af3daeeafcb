import { refusal } from '../refusal.ts';
import { is, isObject, show } from '../values/json.ts';
import { worded } from '../worded.ts';
import { type LanguageModel, refuseMany } from './model.ts';
import type { ModelNames } from './openai.ts';
import { type Asked, isText } from './tasks/task.ts';

/** A request to rank texts: `isOwn` means the form of Hugging Face's embedding server, else it is that of Cohere, Jina and vLLM. */
type Ranking = {
  readonly query: string;
  readonly texts: readonly string[];
  readonly isOwn: boolean;
  readonly most: number | undefined;
  readonly returnsText: boolean;
  readonly isRaw: boolean;
};

/** The texts by how well they match the query, the best first, whatever model the request names: Cohere's clients have to name one of Cohere's. Refuses with 400. */
export async function rerankedOf(
  body: unknown,
  { name: model }: ModelNames,
  { ranker }: LanguageModel,
  asked: Asked,
): Promise<object> {
  if (!ranker) {
    throw refusal(400, worded('ranksNoTexts'));
  }
  const { query, texts, isOwn, most, returnsText, isRaw } = rankingOf(body);
  refuseMany(texts.length);
  const { scores, tokens } = await ranker.rank({ query, texts, isRaw }, asked);
  const ranked = scores.map((score, index) => ({ index, score, text: texts[index] ?? '' }));
  ranked.sort((one, other) => other.score - one.score || one.index - other.index);
  const best = ranked.slice(0, most);
  if (isOwn) return best.map(({ text, ...each }) => ({ ...each, ...(returnsText && { text }) }));
  return {
    object: 'list',
    model,
    results: best.map(({ index, score, text }) => ({
      index,
      relevance_score: score,
      ...(returnsText && { document: { text } }),
    })),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

function rankingOf(body: unknown): Ranking {
  if (!isObject(body)) throw refusal(400, worded('bodyTakesObject', show(body)));
  const { query } = body;
  if (!isText(query) || query === '') {
    throw refusal(400, worded('queryTakesText', is(query)));
  }
  const isOwn = 'texts' in body;
  const name = isOwn ? 'texts' : 'documents';
  return {
    query,
    texts: textsOf(body[name], name),
    isOwn,
    most: mostOf(body['top_n']),
    returnsText: isSaid(body, isOwn ? 'return_text' : 'return_documents'),
    isRaw: isSaid(body, 'raw_scores'),
  };
}

function textsOf(given: unknown, name: string): readonly string[] {
  const texts = Array.isArray(given)
    ? given.map((each) => (isObject(each) ? each['text'] : each))
    : [];
  if (texts.length > 0 && texts.every(isText)) return texts;
  throw refusal(400, worded('takesTextsOrObjects', name, is(given)));
}

function mostOf(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value;
  throw refusal(400, worded('topNTakes', show(value)));
}

function isSaid(body: Readonly<Record<string, unknown>>, name: string): boolean {
  const value = body[name] ?? false;
  if (typeof value === 'boolean') return value;
  throw refusal(400, worded('takesTrueOrFalse', name, show(value)));
}
