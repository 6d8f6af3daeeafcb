import { cosine, viewsOf } from '../../../console/try/answer.ts';
import { rankedView, similarityView } from '../../../console/try/answers-of-openai.ts';
import type { Spec } from '../../../console/try/model.ts';

const spec = (name: string, labels: readonly string[] = []): Spec => ({
  name,
  datatype: 'FP32',
  shape: [-1],
  isOptional: false,
  labels,
});

describe('the answer of a classifier', () => {
  const outputs = [spec('label'), spec('probabilities')];

  it('for one row is bars, the likeliest first and by the label that was answered', () => {
    const answer = { predictions: { label: ['setosa'], probabilities: [[0.1, 0.8, 0.1]] } };

    expect(viewsOf(answer, { outputs })).toEqual([
      {
        kind: 'bars',
        title: 'setosa',
        bars: [
          { label: 'setosa', score: 0.8 },
          { label: 'class 0', score: 0.1 },
          { label: 'class 2', score: 0.1 },
        ],
      },
    ]);
  });

  it('has the names of all classes where the server knows them', () => {
    const named = [spec('label'), spec('probabilities', ['a', 'b', 'c'])];
    const answer = { predictions: { label: ['b'], probabilities: [[0.1, 0.8, 0.1]] } };

    const [view] = viewsOf(answer, { outputs: named });

    expect(view).toMatchObject({ bars: [{ label: 'b' }, { label: 'a' }, { label: 'c' }] });
  });

  it('by class in each row has the names of its classes', () => {
    const answer = { predictions: { label: ['b'], probabilities: [{ a: 0.25, b: 0.75 }] } };

    expect(viewsOf(answer, { outputs })).toMatchObject([
      {
        kind: 'bars',
        bars: [
          { label: 'b', score: 0.75 },
          { label: 'a', score: 0.25 },
        ],
      },
    ]);
  });

  it('for several rows is a table', () => {
    const answer = {
      predictions: {
        label: ['a', 'b'],
        probabilities: [
          [0.9, 0.1],
          [0.2, 0.8],
        ],
      },
    };

    expect(viewsOf(answer, { outputs })).toEqual([
      {
        kind: 'table',
        columns: ['label', 'probabilities 0', 'probabilities 1'],
        rows: [
          ['a', '0.9', '0.1'],
          ['b', '0.2', '0.8'],
        ],
      },
    ]);
  });

  it('for rows as objects is the same table', () => {
    const answer = {
      predictions: [
        { label: 'a', probabilities: [0.9, 0.1] },
        { label: 'b', probabilities: [0.2, 0.8] },
      ],
    };

    expect(viewsOf(answer, { outputs })).toMatchObject([
      {
        kind: 'table',
        rows: [
          ['a', '0.9', '0.1'],
          ['b', '0.2', '0.8'],
        ],
      },
    ]);
  });
});

it('a number is shown large, with as many digits as anybody compares', () => {
  expect(viewsOf({ predictions: [322825.2341285086] }, { outputs: [spec('prediction')] })).toEqual([
    { kind: 'value', title: 'prediction', value: '322825' },
  ]);
});

it('labels with scores are bars', () => {
  const answer = [
    { label: 'cat', score: 0.2 },
    { label: 'dog', score: 0.7 },
  ];

  for (const each of [answer, [answer]])
    expect(viewsOf(each, { outputs: [] })).toEqual([
      {
        kind: 'bars',
        title: '',
        bars: [
          { label: 'dog', score: 0.7 },
          { label: 'cat', score: 0.2 },
        ],
      },
    ]);
});

it('labels and scores side by side are bars', () => {
  expect(
    viewsOf({ sequence: 's', labels: ['a', 'b'], scores: [0.3, 0.7] }, { outputs: [] }),
  ).toEqual([
    {
      kind: 'bars',
      title: '',
      bars: [
        { label: 'b', score: 0.7 },
        { label: 'a', score: 0.3 },
      ],
    },
  ]);
});

it('boxes of Hugging Face are boxes', () => {
  const answer = [{ label: 'cat', score: 0.9, box: { xmin: 1, ymin: 2, xmax: 30, ymax: 40 } }];

  expect(viewsOf(answer, { outputs: [] })).toEqual([
    {
      kind: 'boxes',
      boxes: [{ label: 'cat', score: 0.9, left: 1, top: 2, right: 30, bottom: 40 }],
    },
  ]);
});

it('tensors of a detector are boxes, the surest first, by the names of its classes', () => {
  const answer = {
    predictions: {
      boxes: [
        [
          [0, 0, 10, 10],
          [5, 5, 20, 20],
        ],
      ],
      scores: [[0.3, 0.9]],
      labels: [[0, 1]],
    },
  };
  const outputs = [spec('boxes'), spec('scores'), spec('labels', ['cup', 'plate'])];

  expect(viewsOf(answer, { outputs })).toMatchObject([
    {
      kind: 'boxes',
      boxes: [
        { label: 'plate', score: 0.9, left: 5 },
        { label: 'cup', score: 0.3 },
      ],
    },
  ]);
});

it('places in a text are marks in it', () => {
  const answer = [{ entity_group: 'PER', score: 0.9, word: 'Ada', start: 0, end: 3 }];

  expect(viewsOf(answer, { outputs: [] })).toEqual([
    { kind: 'marks', marks: [{ label: 'PER', score: 0.9, start: 0, end: 3 }] },
  ]);
});

it('a text that was written is a text', () => {
  expect(viewsOf([{ generated_text: 'Once' }], { outputs: [] })).toEqual([
    { kind: 'text', title: '', text: 'Once' },
  ]);
});

it('an answer to a question is its text with how sure it is', () => {
  expect(viewsOf({ answer: 'Ada', score: 0.8, start: 0, end: 3 }, { outputs: [] })).toMatchObject([
    { kind: 'bars', bars: [{ label: 'Ada', score: 0.8 }] },
  ]);
});

it('a long list of numbers is a line', () => {
  const values = Array.from({ length: 12 }, (_, at) => at * at);

  expect(viewsOf({ predictions: [values] }, { outputs: [spec('forecast')] })).toEqual([
    { kind: 'line', title: 'forecast', values },
  ]);
});

it.each([
  { as: 'planes', picture: [Array.from({ length: 9 }, () => Array.from({ length: 8 }, () => 1))] },
  { as: 'pixels', picture: Array.from({ length: 9 }, () => Array.from({ length: 8 }, () => [1])) },
  { as: 'bytes', picture: Array.from({ length: 9 }, () => Array.from({ length: 8 }, () => 255)) },
])('a picture as $as is a picture', ({ picture }) => {
  const [view] = viewsOf({ predictions: [picture] }, { outputs: [spec('mask')] });

  expect(view).toMatchObject({ kind: 'picture', width: 8, height: 9 });
  expect(view?.kind === 'picture' && new Set(view.rgb)).toEqual(new Set([255]));
});

it.each([
  null,
  7,
  'text',
  {},
  [],
  { predictions: {} },
  { predictions: [] },
  { predictions: null },
  { predictions: [[[]]] },
  { predictions: { a: [1], b: [1, 2] } },
  [{ score: 1 }],
  [[{ label: 'a' }]],
])('an answer of another form, such as %j, breaks nothing', (answer) => {
  expect(Array.isArray(viewsOf(answer, { outputs: [] }))).toBe(true);
});

describe('of two texts', () => {
  it.each([
    { a: [1, 0], b: [2, 0], alike: 1 },
    { a: [1, 0], b: [0, 3], alike: 0 },
    { a: [1, 0], b: [-1, 0], alike: -1 },
    { a: [0, 0], b: [1, 1], alike: 0 },
  ])('the vectors $a and $b have the cosine $alike', ({ a, b, alike }) => {
    expect(cosine(a, b)).toBeCloseTo(alike);
  });

  it('the similarity is shown as a number and a bar', () => {
    const answer = { data: [{ embedding: [1, 0] }, { embedding: [1, 0] }] };

    expect(similarityView(answer)).toMatchObject([
      { kind: 'value', value: '1.000' },
      { kind: 'bars', bars: [{ label: 'nearly the same', score: 1 }] },
      { kind: 'line' },
    ]);
    expect(similarityView({ data: [] })).toEqual([]);
  });
});

it('texts that were ranked stand with their scores', () => {
  const answer = {
    results: [
      { index: 1, relevance_score: 0.9 },
      { index: 0, relevance_score: 0.1 },
    ],
  };

  expect(rankedView(answer, ['rain', 'Ada'])).toEqual([
    {
      kind: 'bars',
      title: '',
      bars: [
        { label: 'Ada', score: 0.9 },
        { label: 'rain', score: 0.1 },
      ],
    },
  ]);
});
