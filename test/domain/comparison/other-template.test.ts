import type { PairScores } from '#domain/comparison/answer-scores.ts';
import type { AskedPair } from '#domain/comparison/asked-pair.ts';
import { compareAnswers } from '#domain/comparison/compare-answers.ts';

const COUNTING = { of: 20, tolerated: 0.02, truth: { margin: 0.02 } };
const SIGN = 'its chat template is not that of its weights';

/** The score of ten tokens that have this logarithm each. */
const score = (perToken: number, promptTokens = 30) => ({
  logprob: perToken * 10,
  tokens: 10,
  promptTokens,
});

const answer = (content: string) => ({
  kind: 'answer' as const,
  status: 200,
  body: JSON.stringify({ choices: [{ message: { content } }] }),
});

/** Twenty pairs; the first `count` were scored without a template, too. */
function pairs(scores: PairScores, count = 5, more: Partial<AskedPair> = {}): readonly AskedPair[] {
  const { bare, ...others } = scores;
  return Array.from({ length: 20 }, (_, index) => ({
    what: `prompt ${index}`,
    isDrawn: false,
    request: { protocol: 'invocations', body: { messages: [] } },
    before: answer(`It is ${index}.`),
    again: null,
    after: answer('Something else.'),
    scores: index < count ? scores : others,
    ...more,
  }));
}

const BARE = { before: score(-2), after: score(-2.01) };
const OTHER = { before: score(-0.4), after: score(-1), bare: BARE };

it('is broken where both versions read texts alike, and only its template has changed the answers', () => {
  const shorter = { ...OTHER, after: score(-1, 22) };

  expect(compareAnswers(pairs(shorter), COUNTING).signs).toEqual([
    `${SIGN}: without one, both versions find 5 of 5 answers equally likely; with it, 20 of 20 are more or less likely than before; its template writes 8 tokens fewer for each request`,
  ]);
});

it('is broken as well where the answers are likelier than before', () => {
  const likelier = { ...OTHER, before: score(-1), after: score(-0.4) };

  expect(compareAnswers(pairs(likelier), COUNTING).signs).toEqual([expect.stringContaining(SIGN)]);
});

it.each<[string, readonly AskedPair[]]>([
  [
    'its weights differ, as of a model that was trained further',
    pairs({ ...OTHER, bare: { before: score(-2), after: score(-2.03) } }),
  ],
  ['too few answers say so', pairs(OTHER, 4)],
  ['nobody sent these requests', pairs(OTHER, 5, { isDrawn: true })],
  [
    'one answer says that the weights differ',
    pairs(OTHER).map((pair, at) => ({
      ...pair,
      scores: at === 3 ? { ...OTHER, bare: { before: score(-2), after: score(-3) } } : OTHER,
    })),
  ],
])('is only changed where %s', (_, asked) => {
  const { signs, kept, drawn } = compareAnswers(asked, COUNTING);

  expect({ signs, changed: kept.changed + drawn.changed }).toEqual({ signs: [], changed: 20 });
});

it('is as before where its template writes another prompt, and the answers are as likely', () => {
  const alike = { ...OTHER, after: score(-0.45, 22), own: score(-0.4) };

  expect(compareAnswers(pairs(alike), COUNTING)).toMatchObject({
    signs: [],
    kept: { asked: 20, changed: 0 },
  });
});
