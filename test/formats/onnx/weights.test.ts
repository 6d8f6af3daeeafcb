import { weightDifferences } from '#domain/comparison/weight-differences.ts';
import { inspectOnnx } from '#formats/onnx/inspect.ts';
import { type Field, proto } from '../../support/bytes/proto.ts';
import { bytesSource } from '../../support/bytes/sources.ts';
import { modelOf, node, tensor, X, Y } from '../../support/models/onnx-bytes.ts';

const [FLOAT, INT64, INT8] = [1, 7, 3];
const [RAW, FLOATS, DOUBLES] = [9, 4, 10];
const NUMBERS = Array.from({ length: 256 }, (_, at) => Math.sin(at + 1));
const OTHERS = Array.from({ length: 256 }, (_, at) => Math.cos(at + 1));

const bytesOf = (values: readonly number[]) => new Uint8Array(new Float32Array(values).buffer);
const initializer = (name: string, values: readonly number[], field = RAW): Field => [
  5,
  tensor(name, FLOAT, [values.length], [field, bytesOf(values)]),
];
const inspected = (...fields: readonly Field[]) =>
  inspectOnnx(bytesSource(modelOf(...fields, X, Y)), 'model.onnx', []);
const printsOf = async (...fields: readonly Field[]) => (await inspected(...fields)).weights;
const first = (part: number) => [...OTHERS.slice(0, part), ...NUMBERS.slice(part)];

/** A node of a classical model, with a list of fractions that its writer packed or not. */
function classical(
  operator: string,
  attribute: string,
  values: readonly number[],
  isPacked = false,
): Field {
  const single = values.map((value) => fixed32(7, value));
  const list: readonly Field[] = isPacked ? [[7, bytesOf(values)]] : [];
  const content = Buffer.concat([proto([1, attribute], ...list), ...(isPacked ? [] : single)]);
  return node(operator, [5, content], [7, 'ai.onnx.ml']);
}

function fixed32(field: number, value: number): Buffer {
  return Buffer.concat([Buffer.of(field * 8 + 5), bytesOf([value])]);
}

describe('the weights of a graph', () => {
  it('are the same in whichever field and order its writer puts them', async () => {
    const one = await printsOf(initializer('w', NUMBERS), initializer('b', OTHERS));
    const other = await printsOf(
      initializer('b', OTHERS, FLOATS),
      initializer('w', NUMBERS, FLOATS),
    );

    expect(one).toHaveLength(2);
    expect(other).toEqual(one);
  });

  it('are the same in a file beside it', async () => {
    const data = Buffer.concat([Buffer.alloc(64), bytesOf(NUMBERS)]);
    const entry = (key: string, value: string): Field => [
      13,
      [
        [1, key],
        [2, value],
      ],
    ];
    const place = [entry('location', 'data.bin'), entry('offset', '64'), entry('length', '1024')];
    const model = modelOf([5, tensor('w', FLOAT, [256], ...place, [14, 1])], X, Y);
    const files = [
      { name: 'model.onnx', sizeBytes: model.length },
      { name: 'data.bin', sizeBytes: data.length, open: async () => bytesSource(data) },
    ];

    const { weights } = await inspectOnnx(bytesSource(model), 'model.onnx', files);

    expect(weights).toEqual(await printsOf(initializer('w', NUMBERS)));
  });

  it('are tensors in attributes too, called by their node where they have no name', async () => {
    const constant = node(
      'Constant',
      [3, 'scale'],
      [
        5,
        [
          [1, 'value'],
          [5, tensor('', FLOAT, [256], [RAW, bytesOf(NUMBERS)])],
        ],
      ],
    );

    expect((await printsOf(constant))?.map(({ name }) => name)).toEqual(['scale.value']);
  });

  it.each([
    ['whole numbers that name something', tensor('axes', INT64, [4], [RAW, new Uint8Array(32)])],
    [
      'single numbers, which are constants of a formula',
      tensor('half', FLOAT, [1], [RAW, bytesOf([0.5])]),
    ],
  ])('are not %s', async (_, constant) => {
    expect(await printsOf([5, constant])).toBeUndefined();
  });

  it('are whole numbers of eight bits', async () => {
    const quantized = tensor('q', INT8, [512], [RAW, Buffer.alloc(512, 7).map((_, at) => at)]);

    expect(await printsOf([5, quantized])).toMatchObject([{ name: 'q', magnitudes: null }]);
  });

  it('have no print where some of them are written in pieces', async () => {
    const pieces = tensor(
      'w',
      FLOAT,
      [256],
      [FLOATS, bytesOf(NUMBERS.slice(0, 9))],
      [FLOATS, bytesOf(NUMBERS.slice(9))],
    );

    expect(await printsOf([5, pieces], initializer('b', OTHERS))).toBeUndefined();
  });

  it('may be trained in single rows where a node takes rows of them', async () => {
    const gather = node('Gather', [1, 'table'], [1, 'ids']);
    const prints = await printsOf(initializer('table', NUMBERS), initializer('w', NUMBERS), gather);

    expect(prints?.map(({ isSparse = false }) => isSparse)).toEqual([true, false]);
  });
});

describe('a list of numbers in a node', () => {
  it('is the same packed and one by one', async () => {
    const one = await printsOf(classical('TreeEnsembleRegressor', 'target_weights', NUMBERS));

    expect(one).toMatchObject([
      { name: 'TreeEnsembleRegressor.target_weights', bytes: 1024, isFinal: true, magnitudes: 256 },
    ]);
    expect(
      await printsOf(classical('TreeEnsembleRegressor', 'target_weights', NUMBERS, true)),
    ).toEqual(one);
  });

  it.each(['SVMClassifier', 'SVMRegressor'])(
    'has no print in a %s, which keeps rows of its training',
    async (operator) => {
      expect(await printsOf(classical(operator, 'support_vectors', NUMBERS))).toBeUndefined();
    },
  );

  it('of a scaler prepares the rows of what answers', async () => {
    const before = await printsOf(
      classical('Scaler', 'scale', NUMBERS),
      classical('LinearRegressor', 'coefficients', OTHERS),
    );
    const after = await printsOf(
      classical('Scaler', 'scale', OTHERS),
      classical('LinearRegressor', 'coefficients', OTHERS),
    );

    expect(weightDifferences(before, after).map(({ what }) => what)).toEqual([
      'its rows are prepared in another way ("Scaler.scale"), but its last step is the same to the bit: it was not trained on such rows',
    ]);
  });
});

describe('a graph', () => {
  const network = (first: readonly number[], second: readonly number[]) =>
    printsOf(initializer('first', first), initializer('second', second));

  it('is damaged where a part of a tensor differs', async () => {
    const [before, after] = [await network(NUMBERS, OTHERS), await network(first(80), OTHERS)];

    expect(weightDifferences(before, after).map(({ what }) => what)).toEqual([
      'some numbers in "first" differ, and all others of the model are the same to the bit: no training does that, but a damaged file does',
    ]);
  });

  it('was rounded where its numbers are few', async () => {
    const few = NUMBERS.map((each) => Math.round(each * 2));
    const [before, after] = [await network(NUMBERS, OTHERS), await network(few, OTHERS)];

    expect(weightDifferences(before, after)[0]?.what).toMatch(
      /have 2 distinct magnitudes; before: 256/,
    );
  });

  it.each([
    ['its last layer was trained', () => network(NUMBERS, NUMBERS)],
    ['all of it was trained', () => network(OTHERS, NUMBERS)],
    [
      'it has doubles',
      () =>
        printsOf(
          ...['first', 'second'].map(
            (name): Field => [
              5,
              tensor(name, 11, [256], [DOUBLES, new Uint8Array(new Float64Array(NUMBERS).buffer)]),
            ],
          ),
        ),
    ],
  ])('is not damaged where %s', async (_, after) => {
    expect(weightDifferences(await network(NUMBERS, OTHERS), await after())).toEqual([]);
  });
});

it('a list of more numbers than a print is made of leaves a graph without one', async () => {
  const many = bytesOf(new Array<number>(8_400_000).fill(1));
  const content = proto([1, 'nodes_values'], [7, many]);

  const { weights } = await inspected(
    node('TreeEnsembleRegressor', [5, content], [7, 'ai.onnx.ml']),
    initializer('w', NUMBERS),
  );

  expect(weights).toBeUndefined();
});
