import { compareAnswers } from '#domain/comparison/compare-answers.ts';
import { answerPairs } from '../../support/comparison/answer-pairs.ts';

const COUNTING = { of: 25, tolerated: 0.02, truth: { margin: 0.02 } };

const pairs = (before: (row: number) => unknown, after: (row: number) => unknown, rows = 25) =>
  answerPairs(before, after, rows);

const outputs = (count: number, value: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`output ${index}`, value]));

describe('the signs that a version is broken', () => {
  it('are so few that a record holds those of a model of a thousand outputs', () => {
    const { signs } = compareAnswers(
      pairs(
        (row) => outputs(1000, row),
        () => outputs(1000, 0),
      ),
      COUNTING,
    );

    expect(signs).toHaveLength(11);
    expect(signs[0]).toContain('/output 0 is 0 for each of 25');
    expect(signs.at(-1)).toBe('and 990 more');
  });

  it('are in vectors that point elsewhere, if clients store them', () => {
    const vector = (row: number, by: number) =>
      Array.from({ length: 9 }, (_, at) => Math.cos(row + by * at));
    const moved = pairs(
      (row) => ({ embedding: vector(row, 1) }),
      (row) => ({ embedding: vector(row, 3) }),
    );

    expect(compareAnswers(moved, { ...COUNTING, isEmbedder: true }).signs).toEqual([
      expect.stringMatching(/^\d+ of 25 vectors point elsewhere/),
    ]);
    expect(compareAnswers(moved, COUNTING).signs).toEqual([
      expect.stringContaining('/embedding has next to nothing to do with that of before'),
    ]);
  });

  it('are in numbers that have nothing to do with those of before, unless the truth shows that they are as good', () => {
    const truth = (row: number) => Math.cos(row) + 0.01;
    const unrelated = pairs(
      (row) => ({ value: [Math.sin(7 * row * row) + 0.01] }),
      (row) => ({ value: [truth(row)] }),
      400,
    );
    const judged = unrelated.map((each, row) => ({ ...each, truth: [truth(row)] }));
    const counting = { ...COUNTING, of: 400 };

    expect(compareAnswers(unrelated, counting).signs).toEqual([
      expect.stringContaining('/value has next to nothing to do with that of before'),
    ]);
    expect(compareAnswers(judged, counting)).toMatchObject({
      signs: [],
      truth: { metric: 'absolute error', after: 0 },
    });
  });

  it('are so short that a record holds those of answers with long labels', () => {
    const { signs } = compareAnswers(
      pairs(
        (row) => ({ label: row % 2 === 0 ? 'a' : 'b' }),
        () => ({ label: 'long '.repeat(1000) }),
      ),
      COUNTING,
    );

    expect(signs).toHaveLength(1);
    expect(signs[0]?.length).toBeLessThan(400);
  });
});

describe('the examples of a version', () => {
  const expecting = (expected: (row: number) => unknown) =>
    pairs(
      (row) => ({ y: row }),
      (row) => ({ y: row }),
    ).map((pair, row) => ({ ...pair, expect: { y: expected(row) } }));

  it('show nothing where it answers them as they expect', () => {
    expect(
      compareAnswers(
        expecting((row) => row),
        COUNTING,
      ).signs,
    ).toEqual([]);
  });

  it('show that it is served wrongly where it does not', () => {
    const { signs } = compareAnswers(
      expecting((row) => row + (row === 3 ? 9 : 0)),
      COUNTING,
    );

    expect(signs).toEqual([
      expect.stringMatching(
        /^1 of 25 of its own examples are not answered as they expect; the first, example 4: /,
      ),
    ]);
  });
});
