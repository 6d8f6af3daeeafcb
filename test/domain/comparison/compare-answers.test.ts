import { compareAnswers } from '#domain/comparison/compare-answers.ts';
import { judgeComparison } from '#domain/comparison/judge-comparison.ts';
import { answerPairs } from '../../support/comparison/answer-pairs.ts';

const COUNTING = { of: 25, tolerated: 0.02, truth: { margin: 0.02 } };

const pairs = (before: (row: number) => unknown, after: (row: number) => unknown, rows = 25) =>
  answerPairs(before, after, rows);

const outputs = (count: number, value: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`output ${index}`, value]));

describe('answers of a detector', () => {
  const box = (label: string, xmin: number, ymin: number) => ({
    label,
    score: 0.9,
    box: { xmin, ymin, xmax: xmin + 100, ymax: ymin + 100 },
  });
  const seen = (row: number, by = 0) => [
    box('cat', ((row * 37) % 500) + by, ((row * 91) % 300) + by),
    box('dog', ((row * 53) % 400) + by, ((row * 17) % 700) + by),
  ];

  it('may come in another order and lie a little apart, as after a training; the worst one is that in which least is found again', () => {
    const found = compareAnswers(
      pairs(
        (row) => seen(row),
        (row) => (row === 7 ? [] : seen(row, 5).toReversed()),
        40,
      ),
      { ...COUNTING, of: 40 },
    );

    expect(found).toMatchObject({
      signs: [],
      kept: { asked: 40, changed: 40 },
      found: { answers: 40, f1: 0.975 },
    });
    expect(found.worst?.[0]).toMatchObject({ what: 'example 8', distance: 1 });
    expect(found.worst?.[1]).toMatchObject({ distance: 0 });
    const judged = judgeComparison({ isSameModel: false, differences: [], answers: found });
    expect(judged.verdict).toBe('changed');
    expect(judged.reason).toContain('the F1 of what both find is 0.975 in 40 answers');
  });

  it('are broken where nothing is found again, as with boxes in another unit', () => {
    const shares = (row: number) =>
      seen(row).map(({ box: { xmin, ymin, xmax, ymax }, ...each }) => ({
        ...each,
        box: { xmin: xmin / 800, ymin: ymin / 800, xmax: xmax / 800, ymax: ymax / 800 },
      }));
    const { signs } = compareAnswers(
      pairs((row) => seen(row), shares),
      COUNTING,
    );

    expect(signs).toContain(
      'in 25 of 25 answers nothing is found where the version before found something with the same label',
    );
  });
});

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
