import { provenRows, type RunTimed } from '../../../../runtimes/onnx/session/proven-rows.ts';
import type { Datatype, Signature, Tensor } from '../../../../runtimes/onnx/values/tensors.ts';

const signature = (shape: readonly number[], datatype: Datatype = 'FP32'): Signature => ({
  inputs: [{ name: 'x', datatype, shape }],
  outputs: [{ name: 'y', datatype: 'FP64', shape: [-1] }],
});

/** The sums of the rows, as a model that takes `ms` for so many rows. */
type Model = {
  readonly ms?: (rows: number) => number;
  readonly sum?: (sum: number, rows: number) => number;
  readonly count?: (rows: number) => number;
};

function asked({
  ms = (rows) => 1 + rows / 100,
  sum = (own) => own,
  count = (rows) => rows,
}: Model) {
  const sizes: number[] = [];
  const runTimed: RunTimed = async ({ inputs }) => {
    const [input] = inputs;
    const rows = input?.shape[0] ?? 0;
    const values = Array.from(input?.data ?? [], Number);
    const width = values.length / rows;
    sizes.push(rows);
    const sums = Array.from({ length: count(rows) }, (_, row) =>
      sum(
        values.slice(row * width, (row + 1) * width).reduce((a, b) => a + b, 0),
        rows,
      ),
    );
    const y: Tensor = {
      name: 'y',
      datatype: 'FP64',
      shape: [sums.length],
      data: Float64Array.from(sums),
    };
    return { outputs: [y], ms: ms(rows) };
  };
  return { runTimed, sizes };
}

describe('the rows of a model that no build has loaded', () => {
  it.each<[Datatype, number]>([
    ['FP32', 64],
    ['FP16', 64],
    ['INT64', 64],
    ['UINT8', 64],
    ['BOOL', 64],
  ])(
    'of %s may share a run where they are answered as each alone, in less time',
    async (datatype, rows) => {
      const { runTimed, sizes } = asked({});

      const found = await provenRows(signature([-1, 16], datatype), runTimed);

      expect(found.rows).toBe(rows);
      // Alone, in pairs, by eight and all at once, after the times were taken.
      expect(new Set(sizes)).toEqual(new Set([1, 2, 8, 64]));
    },
  );

  it.each<[string, Model, string]>([
    ['that take too little', { ms: () => 0.02 }, 'a row takes 0.020 ms'],
    ['that cost together what each costs alone', { ms: (rows) => rows }, 'save too little'],
    [
      'that depend on the others of their run',
      { sum: (sum, rows) => sum + rows / 100 },
      'y is answered otherwise',
    ],
    [
      'that depend on the others by a little more than rounding',
      { sum: (sum, rows) => sum * (1 + 1e-5 * rows) },
      'y is answered otherwise',
    ],
  ])('stay alone where they are ones %s', async (_, model, reason) => {
    const found = await provenRows(signature([-1, 16]), asked(model).runTimed);

    expect(found).toEqual({ rows: 1, reason: expect.stringContaining(reason) });
  });

  it('share a run where they differ by rounding alone', async () => {
    const { runTimed } = asked({ sum: (sum, rows) => sum * (1 + 1e-10 * rows) });

    expect((await provenRows(signature([-1, 16]), runTimed)).rows).toBe(64);
  });

  it('are eight where more would keep clients waiting', async () => {
    const { runTimed } = asked({ ms: (rows) => 10 + rows / 10 });

    expect((await provenRows(signature([-1, 16]), runTimed)).rows).toBe(8);
  });

  it('stay alone where an answer is large, before more of them are asked for', async () => {
    const { runTimed, sizes } = asked({ count: () => 5000 });

    const found = await provenRows(signature([-1, 16]), runTimed);

    expect(found).toEqual({ rows: 1, reason: 'an answer is large' });
    expect(sizes).toEqual([1]);
  });

  it('are no rows where an output has another number of them', async () => {
    const { runTimed } = asked({ count: (rows) => Math.min(rows, 7) });

    await expect(provenRows(signature([-1, 16]), runTimed)).rejects.toThrow(
      'an output does not have a value for each row',
    );
  });

  it.each<[string, Signature, string]>([
    ['without a free first dimension', signature([1, 16]), 'is not a number of rows'],
    ['of texts', signature([-1], 'BYTES'), 'x takes texts'],
    ['of any length', signature([-1, -1]), 'rows of any length'],
    ['that are large', signature([-1, 3, 224, 224]), 'a row of x is large'],
    ['without inputs', { inputs: [], outputs: [] }, 'it takes no inputs'],
  ])('%s are not tried', async (_, given, reason) => {
    const { runTimed, sizes } = asked({});

    const found = await provenRows(given, runTimed);

    expect(found).toEqual({ rows: 1, reason: expect.stringContaining(reason) });
    expect(sizes).toEqual([]);
  });
});
