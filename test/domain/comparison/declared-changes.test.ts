import { compareAnswers } from '#domain/comparison/compare-answers.ts';
import { asDeclared, declaredChanges, toleranceOf } from '#domain/comparison/declared-changes.ts';
import { type ExpectedChanges, gateSchema } from '#domain/manifest/gate.ts';
import { difference } from '#domain/rollout/json-difference.ts';
import { answerPairs } from '../../support/comparison/answer-pairs.ts';

const expected = (expect: Partial<ExpectedChanges>) => gateSchema.parse({ expect }).expect;

const outputs = (...classes: string[]) => ({
  inputs: [],
  outputs: [
    { name: 'probabilities', datatype: 'FP32' as const, shape: [-1, classes.length], classes },
  ],
});

const declare = (expect: Partial<ExpectedChanges>, before: string[] = [], after: string[] = []) =>
  declaredChanges(expected(expect), outputs(...before), outputs(...after));

const tensor = (name: string, shape: number[], data: unknown[], datatype = 'FP32') => ({
  name,
  datatype,
  shape,
  data,
});

/** The evidence of 40 answers of both versions, by the number of the request. */
const compared = (
  expect: Partial<ExpectedChanges>,
  before: (row: number) => unknown,
  after: (row: number) => unknown,
) =>
  compareAnswers(answerPairs(before, after, 40), {
    of: 40,
    tolerated: 0.02,
    truth: { margin: 0.02 },
    declared: declare(expect),
  });

const price = (row: number) => 20 + 7 * Math.sin(row);

describe('a declared unit that the version before has already', () => {
  const cents = { price: { scale: 100, tolerance: 0.01 } };
  const changes = (made: ExpectedChanges['outputs']) =>
    declaredChanges(expected({ outputs: cents }), outputs('a'), outputs('a'), made);

  it('is not made twice, and keeps its tolerance', () => {
    const declared = changes(cents);

    const found = compareAnswers(
      answerPairs(
        (row) => ({ price: 100 * price(row) }),
        (row) => ({ price: 100.5 * price(row) }),
        40,
      ),
      { of: 40, tolerated: 0.02, truth: { margin: 0.02 }, declared },
    );

    expect(found.kept).toEqual({ asked: 40, changed: 0 });
    expect(found.signs).toEqual([]);
    expect(found.declared).toContain(
      '"price" has been in its declared unit since the version before',
    );
  });

  it.each([
    ['another scale', { price: { scale: 10 } }],
    ['an offset', { price: { scale: 100, offset: 1 } }],
    ['another output', { cost: { scale: 100 } }],
  ])('is looked for beside %s', (_, made) => {
    expect(changes(made)).toMatchObject({ outputs: { price: { scale: 100 } } });
  });
});

describe('a declared unit', () => {
  const cents = { outputs: { price: { scale: 100 } } };

  it.each([
    ['a field', (value: number) => ({ price: [value] })],
    ['a tensor', (value: number) => ({ outputs: [tensor('price', [1], [value])] })],
    ['a matrix', (value: number) => ({ outputs: [tensor('price', [1, 1], [value])] })],
    ['a list of objects', (value: number) => [{ price: value, id: 'a' }]],
  ])('is no change where it is found, in %s', (_, body) => {
    const { kept, signs, declared } = compared(
      cents,
      (row) => body(price(row)),
      (row) => body(100 * price(row)),
    );

    expect(kept).toEqual({ asked: 40, changed: 0 });
    expect(signs).toEqual([]);
    expect(declared).toEqual(['"price" is 100 × that of before']);
  });

  it.each([['price'], ['predictions']])(
    'of the only output is declared as %s, and holds in each form of its answers',
    (name) => {
      const only = {
        inputs: [],
        outputs: [{ name: 'price', datatype: 'FP32' as const, shape: [-1] }],
      };
      const bodyOf = (row: number, value: number) =>
        row % 2 === 0 ? { predictions: [[value]] } : { outputs: [tensor('price', [1], [value])] };
      const evidence = (factor: number) =>
        compareAnswers(
          answerPairs(
            (row) => bodyOf(row, price(row)),
            (row) => bodyOf(row, factor * price(row)),
            40,
          ),
          {
            of: 40,
            tolerated: 0.02,
            truth: { margin: 0.02 },
            declared: declaredChanges(
              expected({ outputs: { [name]: { scale: 100, tolerance: 0.01 } } }),
              only,
              only,
            ),
          },
        );

      expect(evidence(100.5)).toMatchObject({ kept: { changed: 0 }, signs: [] });
      expect(evidence(1).signs).toEqual([
        '"price" is declared as 100 × that of before, but it is about that of before',
      ]);
    },
  );

  it('is a sign of its own where the unit is as before', () => {
    const body = (row: number) => ({ price: [price(row)] });
    const { kept, signs, declarable } = compared(cents, body, body);

    expect(kept.changed).toBe(40);
    expect(signs).toEqual([
      '"price" is declared as 100 × that of before, but it is about that of before',
    ]);
    expect(declarable).toEqual(signs);
  });

  it.each([
    ['another factor', (value: number) => 50 * value, 'about 50 × that of before'],
    ['a factor that is a little off', (value: number) => 99 * value, 'about 99 × that of'],
    ['another offset', (value: number) => 100 * value + 900, 'about 100 × that of before + 900'],
    ['other answers', (value: number) => 100 * Math.cos(9 * value), 'do not follow that'],
  ])('is a sign where the answers have %s', (_, after, words) => {
    const { signs } = compared(
      cents,
      (row) => ({ price: [price(row)] }),
      (row) => ({ price: [after(price(row))] }),
    );

    expect(signs[0]).toMatch(/^"price" is declared as 100 × that of before, but /);
    expect(signs[0]).toContain(words);
  });

  it('is found in a version that was also trained again', () => {
    const { kept, signs } = compared(
      { outputs: { price: { scale: 1.8, offset: 32 } } },
      (row) => ({ price: [price(row)] }),
      (row) => ({ price: [1.8 * price(row) + 32 + 0.3 * Math.cos(11 * row)] }),
    );

    expect(kept.changed).toBeGreaterThan(30);
    expect(signs).toEqual([]);
  });

  it('does not hide another fault', () => {
    const { signs } = compared(
      cents,
      (row) => ({ price: [price(row)] }),
      (row) => ({ price: [row === 3 ? null : 100 * price(row)] }),
    );

    expect(signs).toEqual(['1 of 40 numbers in /price are null now: it computes NaN or infinity']);
  });

  it('of an output that no answer has is a sign', () => {
    const body = (row: number) => ({ price: [price(row)] });

    expect(compared({ outputs: { prize: { tolerance: 0.1 } } }, body, body).signs).toEqual([
      'gate.expect names the output "prize", but no answer has numbers of this name',
    ]);
  });

  it('of a few answers is judged by their distance', () => {
    const one = (value: number) =>
      compareAnswers(
        answerPairs(
          () => ({ price: [3] }),
          () => ({ price: [value] }),
          1,
        ),
        { of: 1, tolerated: 0.02, truth: { margin: 0.02 }, declared: declare(cents) },
      ).signs;

    expect(one(310)).toEqual([]);
    expect(one(3)).toHaveLength(1);
  });

  it('is also that of the truth that came before it, and not of its own', () => {
    const truths = (isTruthOwn: boolean, scale: number) =>
      compareAnswers(
        answerPairs(
          (row) => ({ price: [price(row)] }),
          (row) => ({ price: [100 * price(row)] }),
          40,
        ).map((pair, row) => ({ ...pair, truth: scale * price(row), isTruthOwn })),
        {
          of: 40,
          tolerated: 0.02,
          truth: { margin: 0.02, metric: 'absolute error' },
          declared: declare(cents),
        },
      ).truth;

    for (const truth of [truths(false, 1), truths(true, 100)]) {
      expect(truth).toMatchObject({ before: 0, after: 0 });
    }
  });
});

describe('a declared tolerance', () => {
  const moved = (by: number) => (row: number) => ({
    price: [price(row) * by],
    share: [price(row)],
  });

  it.each([
    ['of all numbers', { tolerance: 0.2 }, ['numbers may differ by 20 %']],
    [
      'of one output',
      { outputs: { price: { tolerance: 0.2 } } },
      ['numbers of "price" may differ by 20 %'],
    ],
  ])('%s makes nearer answers the same, without a sign of another unit', (_, expect_, words) => {
    const { kept, signs, declared } = compared(expect_, moved(1), moved(1.15));

    expect(kept.changed).toBe(0);
    expect(signs).toEqual([]);
    expect(declared).toEqual(words);
  });

  it('leaves answers changed that are farther away', () => {
    expect(compared({ tolerance: 0.1 }, moved(1), moved(1.15)).kept.changed).toBe(40);
  });

  it('of one output is none of another', () => {
    const { kept } = compared({ outputs: { share: { tolerance: 0.2 } } }, moved(1), moved(1.05));

    expect(kept.changed).toBe(40);
  });

  it('counts for whole numbers only where the output is named', () => {
    const count = (value: number) => ({ outputs: [tensor('count', [1], [value], 'INT64')] });
    const differs = (expect_: Partial<ExpectedChanges>) =>
      difference(count(102), count(100), toleranceOf(declare(expect_)));

    expect(differs({ tolerance: 0.1 })).toContain('is 102; expected 100');
    expect(differs({ outputs: { count: { tolerance: 0.1 } } })).toBeUndefined();
  });
});

describe('declared labels', () => {
  const LABELS = ['cat', 'dog', 'owl'];
  const named = (row: number) => LABELS[row % 3] ?? '';

  it('that have another name are no change', () => {
    const { kept, declared } = compared(
      { labels: { renamed: { cat: 'feline' } } },
      (row) => ({ label: [named(row)], scores: [{ cat: 0.5, dog: 0.25 }] }),
      (row) => ({
        label: [named(row) === 'cat' ? 'feline' : named(row)],
        scores: [{ feline: 0.5, dog: 0.25 }],
      }),
    );

    expect(kept.changed).toBe(0);
    expect(declared).toEqual(['the label "cat" is called "feline"']);
  });

  it('may change places', () => {
    const swapped = { cat: 'dog', dog: 'cat' };
    const other = (label: string) => (label === 'owl' ? label : label === 'cat' ? 'dog' : 'cat');
    const [meant, not] = [{ labels: { renamed: swapped } }, {}].map((expect_) =>
      compared(
        expect_,
        (row) => ({ label: named(row) }),
        (row) => ({ label: other(named(row)) }),
      ),
    );

    expect([meant?.kept.changed, meant?.signs]).toEqual([0, []]);
    expect(not?.declarable).toEqual(not?.signs);
    expect(not?.signs).toHaveLength(1);
  });

  it.each<[string, Partial<ExpectedChanges>, unknown, unknown]>([
    ['that are new', { labels: { added: ['fox'] } }, { label: ['dog'] }, { label: ['fox'] }],
    ['that are gone', { labels: { removed: ['cat'] } }, { label: ['cat'] }, { label: ['dog'] }],
    [
      'that are whole numbers',
      { labels: { added: [3] } },
      { outputs: [tensor('label', [2], [1, 2], 'INT64')] },
      { outputs: [tensor('label', [2], [1, 3], 'INT64')] },
    ],
    [
      'that have become texts',
      { labels: { renamed: { 0: 'cat', 1: 'dog' } } },
      { label: [0, 1] },
      { label: ['cat', 'dog'] },
    ],
    [
      'with scores in their order',
      { labels: { added: ['fox'], renamed: { owl: 'eagle' } } },
      [
        { label: 'cat', score: 0.5 },
        { label: 'owl', score: 0.25 },
      ],
      [
        { label: 'cat', score: 0.5 },
        { label: 'fox', score: 0.3 },
        { label: 'eagle', score: 0.25 },
      ],
    ],
    [
      'whose new one is the best',
      { labels: { added: ['fox'] } },
      [{ label: 'cat', score: 0.5 }],
      [
        { label: 'fox', score: 0.9 },
        { label: 'cat', score: 0.1 },
      ],
    ],
    [
      'of one row',
      { labels: { added: ['fox'] } },
      { label: 'cat', score: 0.5 },
      { label: 'fox', score: 0.9 },
    ],
    ['that are keys', { labels: { removed: ['owl'] } }, [{ cat: 0.5, owl: 0 }], [{ cat: 0.5 }]],
  ])('%s are no change', (_, expect_, before, after) => {
    const declared = declare(expect_);

    expect(difference(after, before, 1e-4)).toBeDefined();
    expect(difference(after, asDeclared(before, after, declared), 1e-4)).toBeUndefined();
  });

  it.each<[string, Partial<ExpectedChanges>, unknown, unknown]>([
    ['another label', { labels: { added: ['fox'] } }, { label: ['dog'] }, { label: ['cat'] }],
    ['a name that it does not have', { labels: { renamed: { cat: 'feline' } } }, ['cat'], ['cat']],
    [
      'another score',
      { labels: { added: ['fox'] } },
      [{ label: 'cat', score: 0.5 }],
      [{ label: 'cat', score: 0.6 }],
    ],
    [
      'a label that is gone undeclared',
      { labels: { added: ['fox'] } },
      [
        { label: 'cat', score: 0.5 },
        { label: 'owl', score: 0.2 },
      ],
      [
        { label: 'cat', score: 0.5 },
        { label: 'fox', score: 0.2 },
      ],
    ],
    [
      'another number that is no label',
      { labels: { added: [3], renamed: { 1: 2 } } },
      { price: [1, 0.5] },
      { price: [2, 0.5] },
    ],
    ['no answer of its form', { labels: { added: ['fox'] } }, { label: ['cat'] }, 'cat'],
  ])('do not explain %s', (_, expect_, before, after) => {
    expect(difference(after, asDeclared(before, after, declare(expect_)), 1e-4)).toBeDefined();
  });

  describe('have columns', () => {
    const added = declare({ labels: { added: ['bee'] } }, ['cat', 'dog'], ['bee', 'cat', 'dog']);
    const renamed = declare(
      { labels: { renamed: { cat: 'xat' } } },
      ['cat', 'dog'],
      ['dog', 'xat'],
    );

    it.each([
      ['lists', (...rows: number[][]) => ({ probabilities: rows })],
      [
        'a tensor',
        (...rows: number[][]) => ({
          outputs: [tensor('probabilities', [rows.length, rows[0]?.length ?? 0], rows.flat())],
        }),
      ],
      [
        'a tensor with a list for each row',
        (...rows: number[][]) => ({
          outputs: [tensor('probabilities', [rows.length, rows[0]?.length ?? 0], rows)],
        }),
      ],
    ])('that are compared by their labels, in %s', (_, body) => {
      const before = body([0.25, 0.75], [0.5, 0.5]);
      const found = (after: unknown, of = added) =>
        difference(after, asDeclared(before, after, of), 1e-4);

      expect(found(body([0, 0.25, 0.75], [0.01, 0.5, 0.5]))).toBeUndefined();
      expect(found(body([0, 0.75, 0.25], [0.01, 0.5, 0.5]))).toBeDefined();
      expect(found(body([0.75, 0.25], [0.5, 0.5]), renamed)).toBeUndefined();
    });

    it('of which the row of a new label counts as expected, and no other', () => {
      const before = {
        outputs: [
          tensor('label', [2], ['cat', 'dog'], 'BYTES'),
          tensor('probabilities', [2, 2], [1, 0, 0, 1]),
        ],
      };
      const answered = (...rows: number[]) => ({
        outputs: [
          tensor('probabilities', [2, 3], rows),
          tensor('label', [2], ['bee', 'dog'], 'BYTES'),
        ],
      });
      const found = (own: unknown) => difference(own, asDeclared(before, own, added), 1e-4);

      expect(found(answered(0.9, 0.1, 0, 0, 0, 1))).toBeUndefined();
      expect(found(answered(0.9, 0.1, 0, 0, 0.9, 0.1))).toBeDefined();
    });
  });
});

it('declares nothing where the manifest says no more than a share', () => {
  expect(declare({ changed: 0.1 })).toBeUndefined();
  expect(toleranceOf(undefined).others).toBe(1e-4);
});
