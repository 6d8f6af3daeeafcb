import {
  foundEvidence,
  foundLoss,
  inOrderOf,
  unrelatedFound,
} from '#domain/comparison/found-parts.ts';

type Corners = readonly [xmin: number, ymin: number, xmax: number, ymax: number];

const box = (label: string, [xmin, ymin, xmax, ymax]: Corners, score = 0.9) => ({
  label,
  score,
  box: { xmin, ymin, xmax, ymax },
});
const CAT = box('cat', [0, 0, 100, 100]);
const DOG = box('dog', [200, 0, 300, 100]);
const span = (entity_group: string, start: number, end: number) => ({
  entity_group,
  score: 0.9,
  word: 'Ada',
  start,
  end,
});
const tensors = (boxes: readonly Corners[], labels: readonly (string | number)[], score = 0.9) => ({
  boxes,
  scores: labels.map(() => score),
  labels,
});

describe('the loss of boxes is 1 - F1', () => {
  it.each<[string, unknown, unknown, number]>([
    ['of the same boxes in another order', [CAT, DOG], [DOG, CAT], 0],
    ['where one is missing', [CAT, DOG], [CAT], 1 / 3],
    ['where one more is found', [CAT], [CAT, DOG], 1 / 3],
    ['where one has another label', [CAT, DOG], [CAT, { ...DOG, label: 'fox' }], 0.5],
    ['where all have moved away', [CAT, DOG], [box('cat', [0, 200, 9, 300])], 1],
    ['where nothing is found any more', [CAT], [], 1],
    ['where something is found for the first time', [], [CAT], 1],
    ['where a box overlaps by half of what both cover', [CAT], [box('cat', [0, 0, 100, 50])], 0],
    ['where it overlaps by less', [CAT], [box('cat', [0, 0, 100, 49])], 1],
    ['where two boxes lie on one of before', [CAT], [CAT, CAT], 1 / 3],
    ['where a box has no area', [box('cat', [5, 5, 5, 5])], [box('cat', [5, 5, 5, 5])], 1],
    ['beside boxes of half the score, which do not count', [CAT], [CAT, { ...DOG, score: 0.4 }], 0],
    ['where all are unsure', [box('cat', [0, 0, 9, 9], 0.2)], [box('cat', [0, 0, 9, 9], 0.15)], 0],
    ['of several pictures', [[CAT], [DOG], []], [[CAT], [], []], 1 / 3],
    ['of pictures that are exchanged', [[CAT], [DOG]], [[DOG], [CAT]], 1],
    ['of tensors', tensors([[0, 0, 9, 9]], [1]), tensors([[0, 0, 9, 8]], [1]), 0],
    [
      'of tensors with a dimension of pictures',
      { boxes: [[[0, 0, 9, 9]]], scores: [[0.9]], labels: [[1]] },
      { boxes: [[[0, 0, 9, 8]]], scores: [[0.9]], labels: [[2]] },
      1,
    ],
    ['of tensors without a box', tensors([[0, 0, 9, 9]], ['cat']), tensors([], []), 1],
    [
      'of four tensors, the best match first',
      tensors(
        [
          [0, 0, 10, 10],
          [0, 0, 10, 12],
        ],
        ['cat', 'cat'],
      ),
      tensors(
        [
          [0, 0, 10, 12],
          [0, 0, 10, 10],
        ],
        ['cat', 'cat'],
      ),
      0,
    ],
  ])('%s', (_, before, after, loss) => {
    expect(foundLoss({ before, after })).toBeCloseTo(loss, 10);
    expect(
      foundLoss({ before: { predictions: before }, after: { predictions: after } }),
    ).toBeCloseTo(loss, 10);
  });

  it('counts the surest 300 boxes of a picture', () => {
    const many = Array.from({ length: 400 }, (_, at) =>
      box('cat', [at * 10, 0, at * 10 + 9, 9], 1 - at / 1000),
    );

    expect(foundLoss({ before: many, after: many.slice(0, 300) })).toBe(0);
  });
});

describe('the loss of spans is 1 - F1', () => {
  it.each<[string, unknown, unknown, number]>([
    ['of the same spans', [span('PER', 0, 3)], [span('PER', 0, 3)], 0],
    ['where one is longer', [span('PER', 0, 3)], [span('PER', 0, 4)], 1],
    ['where one has another label', [span('PER', 0, 3)], [span('ORG', 0, 3)], 1],
    [
      'where one of two is gone',
      [span('PER', 0, 3), span('LOC', 5, 9)],
      [span('LOC', 5, 9)],
      1 / 3,
    ],
    [
      'of tokens',
      [{ entity: 'B-PER', start: 0, end: 3 }],
      [{ entity: 'B-PER', start: 0, end: 3 }],
      0,
    ],
    ['of boxes and spans', [span('cat', 0, 3)], [CAT], 1],
  ])('%s', (_, before, after, loss) => {
    expect(foundLoss({ before, after })).toBeCloseTo(loss, 10);
  });
});

it.each<[string, unknown, unknown]>([
  ['labels with scores', [{ label: 'cat', score: 0.9 }], [{ label: 'dog', score: 0.9 }]],
  ['numbers', { predictions: [1, 2] }, { predictions: [1, 3] }],
  ['a text', 'cat', 'dog'],
  ['boxes without a label', [{ box: CAT.box, score: 1 }], [CAT]],
  ['boxes with half of a place', [{ label: 'cat', box: { xmin: 1 } }], [CAT]],
  ['tensors of other lengths', tensors([[0, 0, 9, 9]], ['cat']), tensors([[0, 0, 9, 9]], [])],
  ['tensors of several pictures', { boxes: [[], []], scores: [[], []], labels: [[], []] }, []],
  ['no box in either', [], []],
  ['other numbers of pictures', [[CAT], [CAT]], [[CAT]]],
])('there is no such loss of %s', (_, before, after) => {
  expect(foundLoss({ before, after })).toBeUndefined();
});

it.each<[string, unknown, unknown, unknown]>([
  ['boxes', [CAT, DOG], [DOG, CAT], [CAT, DOG]],
  [
    'boxes with other labels',
    [CAT, DOG],
    [DOG, { ...CAT, label: 'fox' }],
    [{ ...CAT, label: 'fox' }, DOG],
  ],
  ['boxes of which one is gone', [CAT, DOG], [DOG], [undefined, DOG]],
  ['boxes beside a new one', [DOG], [CAT, DOG], [DOG]],
  ['the boxes of several pictures', [[CAT], [DOG, CAT]], [[CAT], [CAT, DOG]], [[CAT], [DOG, CAT]]],
  [
    'predictions',
    { predictions: [CAT, DOG] },
    { predictions: [DOG, CAT] },
    { predictions: [CAT, DOG] },
  ],
  ['rows of numbers, as they are', [[1, 2]], [[2, 1]], [[2, 1]]],
  ['numbers, as they are', [1, 2], [2, 1], [2, 1]],
  ['other forms, as they are', [CAT], { error: 'no picture' }, { error: 'no picture' }],
])('the new answer has the order of the other one: %s', (_, before, after, ordered) => {
  expect(inOrderOf(before, after)).toEqual(ordered);
});

describe('over all answers', () => {
  it('the F1 is the mean of those in which one of both found something', () => {
    expect(foundEvidence([0, 0, 0, 1 / 3])).toEqual({ answers: 4, f1: 0.917 });
    expect(foundEvidence([])).toBeUndefined();
  });

  it.each<[string, number, number, boolean]>([
    ['in 20 of 20 answers', 20, 0, true],
    ['in 16 of 20 answers', 16, 4, true],
    ['not in 15 of 20', 15, 5, false],
    ['not in 19 of 19', 19, 0, false],
  ])('nothing that is found again is a sign: %s', (_, lost, kept, isSign) => {
    const losses = [...Array<number>(lost).fill(1), ...Array<number>(kept).fill(0.9)];

    expect(unrelatedFound(losses)).toEqual(
      isSign
        ? [
            `in ${lost} of ${lost + kept} answers nothing is found where the version before found something with the same label`,
          ]
        : [],
    );
  });
});
