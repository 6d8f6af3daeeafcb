import { inputChanges } from '#domain/comparison/input-changes.ts';
import { inputFault } from '#domain/comparison/input-fault.ts';
import { requestTable } from '#domain/comparison/request-table.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';

const ROWS = Array.from({ length: 40 }, (_, row) => [
  20 + ((row * 7) % 40),
  30_000 + ((row * 7919) % 50_000),
  ((row * 13) % 100) / 20,
]);
const COLUMNS = ['age', 'income', 'share'];

const invocations = (body: unknown): GoldenRequest => ({ protocol: 'invocations', body });
const infer = (rows: readonly (readonly number[])[]): GoldenRequest => ({
  protocol: 'infer',
  body: {
    inputs: [{ name: 'x', datatype: 'FP64', shape: [rows.length, 3], data: rows.flat() }],
  },
});

const model = ([age = 0, income = 0, share = 0]: readonly number[]) =>
  3 * age + income / 1000 + 20 * share * share;
const answer = (rows: readonly (readonly number[])[]) => ({ value: rows.map(model) });

/** The fault that is found in a version that reads its rows in this way. */
function found(reads: (row: readonly number[]) => readonly number[], noise = 0) {
  const tried = inputChanges({ rows: ROWS, columns: COLUMNS }).map(({ what, rows }) => ({
    what,
    answer: answer(rows),
  }));
  const after = ROWS.map((row, index) => model(reads(row)) + noise * Math.sin(index));
  return inputFault(answer(ROWS), { value: after }, tried);
}

describe('the cause of other answers is', () => {
  it.each<[string, (row: readonly number[]) => readonly number[], string]>([
    [
      'columns in another order',
      ([a = 0, b = 0, c = 0]) => [c, b, a],
      'age and share were exchanged',
    ],
    ['another unit', ([a = 0, b = 0, c = 0]) => [a, b / 1000, c], 'income was divided by 1000'],
    ['whole numbers', (row) => row.map(Math.trunc), 'numbers were cut to whole ones'],
    ['a column that is not read', ([, b = 0, c = 0]) => [39.5, b, c], 'age had no effect'],
  ])('%s, also where the model was trained anew', (_, reads, cause) => {
    expect(found(reads, 1)).toBe(`it answers as the version before would if ${cause}`);
  });
});

describe('no cause is named', () => {
  it('where the answers are near', () => {
    expect(found((row) => row, 2)).toBeUndefined();
  });

  it('where nothing that is looked for explains them', () => {
    expect(found(([a = 0, b = 0]) => [90 - a, b * Math.cos(b), Math.sin(a)])).toBeUndefined();
  });

  it('where the forms of the answers differ', () => {
    expect(inputFault(answer(ROWS), { other: [1] }, [])).toBeUndefined();
  });
});

describe('requests are a table', () => {
  it.each<[string, readonly GoldenRequest[], GoldenRequest]>([
    ['of tensors, one after another', ROWS.map((row) => infer([row])), infer(ROWS)],
    [
      'of rows under `inputs`',
      ROWS.map((row) => invocations({ inputs: [row] })),
      invocations({ inputs: ROWS }),
    ],
    [
      'of instances',
      ROWS.map((row) => invocations({ instances: [row] })),
      invocations({ instances: ROWS }),
    ],
    [
      'of a frame with names',
      ROWS.map((row) => invocations({ dataframe_split: { columns: COLUMNS, data: [row] } })),
      invocations({ dataframe_split: { columns: COLUMNS, data: ROWS } }),
    ],
  ])('%s', (_, requests, whole) => {
    const table = requestTable(requests);

    expect(table?.rows).toEqual(ROWS);
    expect(table?.request(ROWS)).toEqual(whole);
  });

  it.each<[string, readonly GoldenRequest[]]>([
    ['where there are none', []],
    ['where they are of two forms', [infer(ROWS), invocations({ inputs: ROWS })]],
    ['where a row is shorter', [invocations({ inputs: [[1, 2], [3]] })]],
    ['of texts', [invocations({ inputs: ['a', 'b'] })]],
    ['of one number', [invocations({ inputs: [1, 2] })]],
    ['of pictures', [invocations({ inputs: [[[1, 2]]] })]],
    ['where a key says more', [invocations({ inputs: ROWS, params: {} })]],
  ])('not %s', (_, requests) => {
    expect(requestTable(requests)).toBeUndefined();
  });
});
