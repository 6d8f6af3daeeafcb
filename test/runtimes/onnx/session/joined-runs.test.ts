import { joinedRuns } from '../../../../runtimes/onnx/session/joined-runs.ts';
import type { Run } from '../../../../runtimes/onnx/session/model.ts';
import { createQueue } from '../../../../runtimes/onnx/session/queue.ts';
import type { Tensor } from '../../../../runtimes/onnx/values/tensors.ts';

const BAD = -1;

/** A model that doubles each number and refuses a bad one. It is busy with a first run until it is released. */
async function busyModel({
  mostRows = 64,
  answer = doubled,
}: {
  readonly mostRows?: number;
  readonly answer?: (run: Run) => readonly Tensor[];
} = {}) {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: busy, resolve: begin } = Promise.withResolvers<void>();
  const counts: (number | undefined)[] = [];
  const queue = createQueue(100);
  const runNow = async (run: Run) => {
    counts.push(run.inputs[0]?.shape[0]);
    if (counts.length === 1) {
      begin();
      await released;
    }
    if (run.inputs.some(({ data }) => data.some((value) => value === BAD))) {
      throw new Error('the model refused the inputs');
    }
    return answer(run);
  };
  const run = joinedRuns(queue, runNow, () => mostRows);
  const first = run(rows([0]));
  await busy;
  return {
    run,
    /** The rows of each run after the first. */
    counts: () => counts.slice(1),
    /** The results of all that were asked, once the first run has ended. */
    async results(asked: readonly Promise<readonly Tensor[]>[]) {
      release();
      await first;
      const results = await Promise.allSettled(asked);
      return results.map((each) => (each.status === 'fulfilled' ? shown(each.value) : 'refused'));
    },
  };
}

function doubled({ inputs, outputs }: Run): readonly Tensor[] {
  return outputs.map((name) => {
    const [{ shape, data } = { shape: [], data: [] }] = inputs;
    return {
      name,
      datatype: 'FP32',
      shape,
      data: Float32Array.from(Array.from(data, Number), (each) => each * 2),
    };
  });
}

function rows(...values: readonly (readonly number[])[]): Run {
  const shape = [values.length, values[0]?.length ?? 0];
  const data = new Float32Array(values.flat());
  return { inputs: [{ name: 'x', datatype: 'FP32', shape, data }], outputs: ['y'] };
}

function texts(...data: readonly string[]): Run {
  return {
    inputs: [{ name: 'x', datatype: 'BYTES', shape: [data.length], data }],
    outputs: ['y'],
  };
}

const shown = (outputs: readonly Tensor[]) =>
  outputs.map(({ shape, data }) => ({ shape, data: [...data] }));

it('runs what waits in one run, and answers each with its own rows', async () => {
  const { run, results, counts } = await busyModel();

  const answers = await results([run(rows([3, 4])), run(rows([5, 6], [7, 8])), run(rows([9, 10]))]);

  expect(counts()).toEqual([4]);
  expect(answers).toEqual([
    [{ shape: [1, 2], data: [6, 8] }],
    [{ shape: [2, 2], data: [10, 12, 14, 16] }],
    [{ shape: [1, 2], data: [18, 20] }],
  ]);
});

it('waits for no other request: each that comes while nothing runs is run at once', async () => {
  const { run, results, counts } = await busyModel();
  await results([]);

  await run(rows([1]));
  await run(rows([2]));

  expect(counts()).toEqual([1, 1]);
});

it('joins texts too', async () => {
  const { run, results, counts } = await busyModel({
    answer: ({ inputs: [input] }) => (input ? [{ ...input, name: 'y' }] : []),
  });

  const answers = await results([run(texts('a')), run(texts('b', 'c'))]);

  expect(counts()).toEqual([3]);
  expect(answers).toEqual([[{ shape: [1], data: ['a'] }], [{ shape: [2], data: ['b', 'c'] }]]);
});

it('takes as many rows into one run as it may, and the rest into the next', async () => {
  const { run, results, counts } = await busyModel({ mostRows: 3 });
  const large = rows([6], [7], [8], [9]);

  await results([...[[1], [2], [3], [4], [5]].map((row) => run(rows(row))), run(large)]);

  expect(counts()).toEqual([3, 2, 4]);
});

it.each([
  ['of another width', rows([1, 2, 3])],
  ['of another type', { ...texts('a'), outputs: ['y'] }],
  ['that asks for another output', { ...rows([1, 2]), outputs: ['z'] }],
  ['that asks for more outputs', { ...rows([1, 2]), outputs: ['y', 'z'] }],
  ['without rows', { ...rows([1, 2]), inputs: rows([1, 2]).inputs.map(withoutRows) }],
  ['without inputs', { inputs: [], outputs: ['y'] }],
])('does not join a request %s', async (_, other: Run) => {
  const { run, results, counts } = await busyModel();

  await results([run(rows([1, 2])), run(other)]);

  expect(counts()).toHaveLength(2);
});

it('a request that the model refuses fails alone', async () => {
  const { run, results } = await busyModel();

  const answers = await results([run(rows([1])), run(rows([BAD])), run(rows([2]))]);

  expect(answers).toEqual([
    [{ shape: [1, 1], data: [2] }],
    'refused',
    [{ shape: [1, 1], data: [4] }],
  ]);
});

it('tries requests together once: those that failed together run alone, and later ones together again', async () => {
  const { run, results, counts } = await busyModel();
  const asked = [run(rows([1])), run(rows([BAD]))];
  const isAnswered = asked[0]?.then(() => [run(rows([3])), run(rows([4]))]);

  await results(asked);
  await Promise.all((await isAnswered) ?? []);

  expect(counts()).toEqual([2, 1, 1, 2]);
});

it('runs each alone where the answers are not one for each row', async () => {
  const { run, results, counts } = await busyModel({
    answer: (asked) =>
      doubled(asked).map((tensor) => ({ ...tensor, shape: [9, tensor.data.length] })),
  });

  const answers = await results([run(rows([1])), run(rows([2]))]);

  expect(counts()).toEqual([2, 1, 1]);
  expect(answers).toEqual([[{ shape: [9, 1], data: [2] }], [{ shape: [9, 1], data: [4] }]]);
});

it('leaves out a request whose client has left', async () => {
  const { run, results, counts } = await busyModel();
  let isGone = false;
  const asked = [run(rows([1])), run(rows([2]), () => isGone)];

  isGone = true;
  const answers = await results(asked);

  expect(counts()).toEqual([1]);
  expect(answers).toEqual([[{ shape: [1, 1], data: [2] }], 'refused']);
});

function withoutRows(tensor: Tensor): Tensor {
  return { ...tensor, shape: [0, 2], data: new Float32Array() };
}
