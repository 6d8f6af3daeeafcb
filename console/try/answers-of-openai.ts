import { cosine, type View } from './answer.ts';
import { fieldsOf, listOf } from './model.ts';

/** How alike the first two texts of an answer of `/v1/embeddings` are; none where it has no two vectors. */
export function similarityView(answer: unknown): readonly View[] {
  const [first, second] = listOf(fieldsOf(answer)['data']).map((each) =>
    listOf(fieldsOf(each)['embedding']).map(Number),
  );
  if (!first || !second) return [];
  const alike = cosine(first, second);
  return [
    { kind: 'value', title: 'Cosine of their vectors', value: alike.toFixed(3) },
    { kind: 'bars', title: '', bars: [{ label: inWords(alike), score: Math.max(0, alike) }] },
    { kind: 'line', title: 'The first vector', values: first },
  ];
}

/** Only for the eye: where one model calls texts alike is not where another does. */
function inWords(alike: number): string {
  if (alike > 0.9) return 'nearly the same';
  if (alike > 0.6) return 'alike';
  return alike > 0.3 ? 'somewhat alike' : 'not alike';
}

/** The texts in the order of their scores, from an answer in the form of Cohere, Jina and vLLM. */
export function rankedView(answer: unknown, documents: readonly string[]): readonly View[] {
  const { results } = fieldsOf(answer);
  const bars = listOf(results).map((each) => {
    const { index, relevance_score } = fieldsOf(each);
    return {
      label: documents[Number(index)] ?? `text ${Number(index) + 1}`,
      score: Number(relevance_score),
    };
  });
  return bars.length === 0 ? [] : [{ kind: 'bars', title: '', bars }];
}
