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
    answer: answer(rows.map((row) => row.map(Number))),
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

describe('a small difference', () => {
  it.each<[string, (value: number) => number, string]>([
    ['16 bits', (value) => Math.min(65_504, halved(value, 11)), 'rounded to 16 bits'],
    ['bfloat16', inUpperHalf, 'rounded to bfloat16'],
  ])('has the cause that makes the very same answers: %s', (_, change, cause) => {
    expect(found((row) => row.map(change))).toBe(
      `it answers as the version before would if numbers were ${cause}`,
    );
  });

  it.each([
    ['where the model was trained anew too', 0.05],
    ['where nothing but a training explains it', 0.5],
  ])('has no cause %s', (_, noise) => {
    expect(found((row) => row, noise)).toBeUndefined();
  });

  it('of nothing has no cause', () => {
    expect(found((row) => row)).toBeUndefined();
  });
});

/** The nearest number with so many significant bits, as doubling and halving find it; no number here is halfway between two of 11 bits. */
function halved(value: number, bits: number): number {
  let [scaled, doublings] = [value, 0];
  if (value === 0) return 0;
  for (; Math.abs(scaled) < 2 ** (bits - 1); doublings += 1) scaled *= 2;
  for (; Math.abs(scaled) >= 2 ** bits; doublings -= 1) scaled /= 2;
  return Math.round(scaled) / 2 ** doublings;
}

/** The nearest number whose binary32 has nothing in its lower half, by its bits. */
function inUpperHalf(value: number): number {
  const [bits = 0] = new Uint32Array(new Float32Array([value]).buffer);
  const rounded = bits + 0x7fff + ((bits >>> 16) & 1);
  return new Float32Array(new Uint32Array([rounded & 0xffff0000]).buffer)[0] ?? 0;
}

describe('missing values', () => {
  const MISSING = ROWS.map((row, index) =>
    row.map((value, at) => (index % 3 === at ? null : value)),
  );
  const filled = (by: readonly number[]) => (row: readonly (number | null)[]) =>
    model(row.map((value, at) => value ?? by[at] ?? 0));
  const before = filled([39, 55_000, 2]);
  const tried = (rows: readonly (readonly (number | null)[])[]) =>
    inputChanges({ rows, columns: COLUMNS }).map((change) => ({
      what: change.what,
      answer: { value: change.rows.map(before) },
    }));

  it('that are read as zeros are the cause where the version before filled them', () => {
    const after = MISSING.map((row, index) => filled([0, 0, 0])(row) + Math.sin(index));

    expect(inputFault({ value: MISSING.map(before) }, { value: after }, tried(MISSING))).toBe(
      'it answers as the version before would if missing values were read as zeros',
    );
  });

  it('are no cause where no row has any, and stay missing in other changes', () => {
    expect(inputChanges({ rows: ROWS, columns: COLUMNS })[0]?.what).not.toContain('missing');
    const changes = inputChanges({ rows: MISSING, columns: COLUMNS });
    const [, cut] = changes;
    const scaled = changes.find(({ what }) => what.includes('scaled twice'));
    expect(cut?.rows[0]?.[0]).toBeNull();
    expect(scaled?.rows[1]?.[1]).toBeNull();
    expect(scaled?.rows.flat().every((value) => value === null || Math.abs(value) < 4)).toBe(true);
  });

  it('are in the rows of requests', () => {
    const requests = MISSING.map((row) => invocations({ inputs: [row] }));

    expect(requestTable(requests)?.rows).toEqual(MISSING);
  });

  it('are sent as rows beside tensors, which have none', () => {
    const table = requestTable([
      infer(ROWS),
      ...MISSING.map((row) => invocations({ inputs: [row] })),
    ]);

    expect(table?.rows).toEqual([...ROWS, ...MISSING]);
    expect(table?.request(MISSING)).toEqual(invocations({ inputs: MISSING }));
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
    ['where some have other columns', [infer(ROWS), invocations({ inputs: [[1, 2, 3, 4]] })]],
    [
      'where only some have names',
      [infer(ROWS), invocations({ dataframe_split: { columns: COLUMNS, data: ROWS } })],
    ],
    [
      'of tensors with missing values',
      [
        {
          protocol: 'infer',
          body: { inputs: [{ name: 'x', datatype: 'FP64', shape: [1, 2], data: [1, null] }] },
        },
      ],
    ],
    ['where a row is shorter', [invocations({ inputs: [[1, 2], [3]] })]],
    ['of texts', [invocations({ inputs: ['a', 'b'] })]],
    ['of one number', [invocations({ inputs: [1, 2] })]],
    ['of pictures', [invocations({ inputs: [[[1, 2]]] })]],
    ['where a key says more', [invocations({ inputs: ROWS, params: {} })]],
  ])('not %s', (_, requests) => {
    expect(requestTable(requests)).toBeUndefined();
  });
});
