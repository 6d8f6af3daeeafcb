import type { Run, RunResult } from '../../../../runtimes/onnx/session/model.ts';
import { shortRunsHere } from '../../../../runtimes/onnx/session/short-runs.ts';

/** A model whose runs take as long as `takes` says, here or there; `where` is where each was. */
function createModel(open?: () => Promise<never>) {
  const where: string[] = [];
  let nowMs = 0;
  let opened = 0;
  let takesMs = 1;
  const runAt = (place: string) => async (): Promise<RunResult> => {
    where.push(place);
    nowMs += takesMs;
    return { outputs: [] };
  };
  const run = shortRunsHere(
    runAt('there'),
    open ??
      (async () => {
        opened += 1;
        return { run: runAt('here') };
      }),
    () => nowMs,
  );
  return {
    where,
    opened: () => opened,
    takes: (ms: number) => {
      takesMs = ms;
    },
    async run(times: number, request: Run = rows(1)) {
      for (let time = 0; time < times; time += 1) await run(request);
      return where.at(-1);
    },
  };
}

function rows(count: number): Run {
  const data = new Float32Array(count * 20);
  return { inputs: [{ name: 'x', datatype: 'FP32', shape: [count, 20], data }], outputs: ['y'] };
}

function text(value: string): Run {
  return { inputs: [{ name: 'x', datatype: 'BYTES', shape: [1], data: [value] }], outputs: ['y'] };
}

it('loads a model here once a hundred of its runs were short', async () => {
  const model = createModel();

  expect(await model.run(100)).toBe('there');
  expect(model.opened()).toBe(0);
  expect(await model.run(50)).toBe('here');
  expect(model.opened()).toBe(1);
});

it('never loads a model here whose runs take long', async () => {
  const model = createModel();
  model.takes(3);

  expect(await model.run(500)).toBe('there');
  expect(model.opened()).toBe(0);
});

it('runs there what is larger than all that was short', async () => {
  const model = createModel();
  await model.run(101, rows(4));

  model.takes(50);
  expect(await model.run(1, rows(1_000))).toBe('there');
  model.takes(1);
  expect(await model.run(1, rows(4))).toBe('here');
});

it('runs here what is larger after it was short there', async () => {
  const model = createModel();
  await model.run(101);

  expect(await model.run(1, rows(32))).toBe('there');
  expect(await model.run(1, rows(32))).toBe('here');
});

it('takes a longer text for a larger input', async () => {
  const model = createModel();
  await model.run(101, text('short'));

  expect(await model.run(1, text('short'))).toBe('here');
  expect(await model.run(1, text('not so short'))).toBe('there');
});

it('runs all there after one that was long here, until a hundred were short again', async () => {
  const model = createModel();
  await model.run(300);
  model.takes(50);
  expect(await model.run(1)).toBe('here');
  model.takes(1);

  expect(await model.run(100)).toBe('there');
  expect(await model.run(1)).toBe('here');
  expect(model.opened()).toBe(1);
});

it('stays here when a few of many runs wait for a core', async () => {
  const model = createModel();
  await model.run(300);

  for (let time = 0; time < 5; time += 1) {
    model.takes(4);
    expect(await model.run(1)).toBe('here');
    model.takes(1);
    expect(await model.run(60)).toBe('here');
  }
});

it('forgets what was short among larger inputs once they take long, and not what is short still', async () => {
  const model = createModel();
  await model.run(101, rows(32));

  for (let time = 0; time < 120; time += 1) {
    model.takes(10);
    await model.run(1, rows(32));
    model.takes(1);
    await model.run(1, rows(1));
  }

  expect(await model.run(1, rows(1))).toBe('here');
  expect(await model.run(1, rows(32))).toBe('there');
});

it('goes on there where the model cannot be loaded a second time', async () => {
  const model = createModel(() => Promise.reject(new Error('out of memory')));

  expect(await model.run(200)).toBe('there');
});
