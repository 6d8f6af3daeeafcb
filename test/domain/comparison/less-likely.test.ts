import type { PairScores } from '#domain/comparison/answer-scores.ts';
import type { AskedPair } from '#domain/comparison/asked-pair.ts';
import { compareAnswers } from '#domain/comparison/compare-answers.ts';

const COUNTING = { of: 20, tolerated: 0.02, truth: { margin: 0.02 } };

/** The score of ten tokens that have this logarithm each. */
const score = (perToken: number, promptTokens = 30, tokens = 10) => ({
  logprob: perToken * tokens,
  tokens,
  promptTokens,
});

const answer = (content: string) => ({
  kind: 'answer' as const,
  status: 200,
  body: JSON.stringify({ choices: [{ message: { content } }] }),
});

const pairs = (
  count: number,
  scores: PairScores,
  more: Partial<AskedPair> = {},
): readonly AskedPair[] =>
  Array.from({ length: count }, (_, index) => ({
    what: `prompt ${index}`,
    isDrawn: false,
    request: { protocol: 'invocations', body: { prompt: `p${index}` } },
    before: answer(`It is ${index}.`),
    again: null,
    after: answer(`It is ${index}.`),
    scores,
    ...more,
  }));

const OTHER = { after: answer('Something else.') };

describe('the answers of a language model', () => {
  it('are as before where they are as likely, though the words differ by chance', () => {
    const scores = { before: score(-0.4), after: score(-0.45), own: score(-0.6) };
    const found = compareAnswers(pairs(20, scores, OTHER), COUNTING);

    expect(found).toMatchObject({ kept: { asked: 20, changed: 0 }, signs: [] });
    expect(found.scores).toMatchObject({
      asked: 20,
      before: Math.exp(0.4),
      after: expect.any(Number),
    });
  });

  it('are as before where one version split an answer into other tokens, and its own is as likely', () => {
    const scores = { before: score(-0.6, 36, 16), after: score(-2.2, 36, 19), own: score(-0.9) };

    expect(compareAnswers(pairs(20, scores, OTHER), COUNTING)).toMatchObject({
      kept: { asked: 20, changed: 0 },
      signs: [],
    });
    const unlike = { ...scores, own: score(-1.2) };
    expect(compareAnswers(pairs(20, unlike, OTHER), COUNTING).kept.changed).toBe(20);
  });

  it.each([
    { are: 'as before', finds: 'as likely', ownAfter: -1.8, changed: 0 },
    { are: 'other ones', finds: 'far likelier', ownAfter: -0.5, changed: 20 },
  ])(
    'are $are where their words are a bit less likely, and the new version finds them $finds',
    ({ ownAfter, changed }) => {
      const scores = {
        before: score(-1.2),
        after: score(-1.2),
        own: score(-1.8),
        ownAfter: score(ownAfter),
      };

      expect(compareAnswers(pairs(20, scores, OTHER), COUNTING).kept.changed).toBe(changed);
    },
  );

  it('are other ones where their words are far less likely, though both versions find them so', () => {
    const scores = {
      before: score(-1.2),
      after: score(-1.2),
      own: score(-2.3),
      ownAfter: score(-2.3),
    };

    expect(compareAnswers(pairs(20, scores, OTHER), COUNTING).kept.changed).toBe(20);
  });

  it.each<[string, PairScores, string]>([
    [
      'the answer of before is less likely',
      { before: score(-0.4), after: score(-0.9), own: score(-0.5) },
      'the answer of the version before has the perplexity 2.46, before 1.49',
    ],
    [
      'the answer of before is likelier',
      { before: score(-0.9), after: score(-0.4), own: score(-0.5) },
      'the answer of the version before has the perplexity 1.49, before 2.46',
    ],
    [
      'its own words are none that the version before would have chosen',
      { before: score(-0.4), after: score(-0.4), own: score(-3) },
      'it is',
    ],
    ['it ends elsewhere', { before: score(-0.4), after: score(-0.4) }, 'it is'],
  ])('have changed where %s', (_, scores, why) => {
    const found = compareAnswers(pairs(20, scores, OTHER), COUNTING);

    expect(found).toMatchObject({ kept: { asked: 20, changed: 20 }, signs: [] });
    expect(found.examples[0]).toContain(why === 'it is' ? 'Something else' : why);
  });

  it('are compared by the tokens of the version before, whatever those of the new one are', () => {
    const scores = { before: score(-0.4), after: { ...score(-0.4), tokens: 25 }, own: score(-0.4) };

    expect(compareAnswers(pairs(20, scores, OTHER), COUNTING).kept.changed).toBe(0);
  });

  it('differ by more where the version before says twice what differs', () => {
    const scores = { before: score(-0.4), after: score(-0.7), again: score(-0.5) };

    expect(compareAnswers(pairs(20, scores), COUNTING).kept.changed).toBe(0);
  });

  it('show damage where those of before are far less likely to it, and how its template differs', () => {
    const scores = { before: score(-0.4), after: score(-4, 42) };
    const [sign] = compareAnswers(pairs(20, scores), COUNTING).signs;

    expect(sign).toBe(
      'the answers of the version before have the perplexity 54.6 to it, and 1.49 to that version (20 answers); its template writes 12 tokens more for each request',
    );
  });

  it('show damage in five answers if each of them is hopeless, and not in fewer', () => {
    const scores = { before: score(-0.4), after: score(-20, 28) };

    expect(compareAnswers(pairs(4, scores), COUNTING).signs).toEqual([]);
    expect(compareAnswers(pairs(5, scores), COUNTING).signs).toHaveLength(1);
    expect(
      compareAnswers(
        [...pairs(5, scores), ...pairs(1, { before: score(-0.4), after: score(-4) })],
        COUNTING,
      ).signs,
    ).toEqual([]);
    expect(compareAnswers(pairs(12, scores), COUNTING).signs).toEqual([
      expect.stringContaining('the perplexity over 1,000,000 to it'),
    ]);
    expect(compareAnswers(pairs(12, scores), COUNTING).signs).toEqual([
      expect.stringContaining('2 tokens fewer'),
    ]);
  });

  it('show no damage where they are those of a model that was trained further', () => {
    const scores = { before: score(-0.4), after: score(-1.4) };

    expect(compareAnswers(pairs(200, scores), COUNTING).signs).toEqual([]);
  });

  it('count only where somebody sent the request', () => {
    const scores = { before: score(-0.4), after: score(-4) };
    const found = compareAnswers(pairs(20, scores, { isDrawn: true }), COUNTING);

    expect(found.signs).toEqual([]);
    expect(found.scores).toBeUndefined();
  });

  it('share one error budget with the truth', () => {
    const scores = { before: score(-0.4), after: score(-0.4) };

    expect(compareAnswers(pairs(10, scores), COUNTING).share?.confidence).toBeCloseTo(1 - 0.01 / 3);
    expect(
      compareAnswers(
        pairs(10, scores).map(({ scores: _, ...pair }) => pair),
        COUNTING,
      ).share?.confidence,
    ).toBeCloseTo(0.99);
  });
});
