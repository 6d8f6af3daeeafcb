import { onPython } from '../python-runtime.ts';
import { type PythonSnippets, pythonSnippets } from '../python-snippets.ts';
import type { Runtime } from '../runtime.ts';

await onPython(describeBatches);

/** A model that doubles each number and refuses -1. It is busy with a first request until all others wait; \`counts\` are the rows of each run after that. */
const BUSY = `
import asyncio, json, threading
import numpy as np
from slipway_server.model import Model
from slipway_server.refusal import Refusal
from slipway_server.serving.batches import Batches
from slipway_server.serving.predictor import Predictor
from slipway_server.values.tensors import Signature, TensorSpec

counts, begun, released = [], threading.Event(), threading.Event()

def doubled(arrays):
    counts.append(len(arrays["x"]))
    if len(counts) == 1:
        begun.set()
        released.wait()
    if (arrays["x"] == -1).any():
        raise Refusal(400, "the model refused the inputs")
    return {"y": arrays["x"] * 2}

def rows(*values): return {"x": np.array(values, np.float32)}

async def stays(): await asyncio.Event().wait()
async def leaves(): pass

async def answered(*asked, predict=doubled, most_rows=64):
    predictor = Predictor()
    batches = Batches(predictor, most_rows, lambda: 2)
    ask = lambda arrays, gone=stays: asyncio.ensure_future(batches.predict(predict, arrays, gone))
    first = ask(rows([0]))
    while not begun.is_set(): await asyncio.sleep(0.001)
    others = [ask(*each) if isinstance(each, tuple) else ask(each) for each in asked]
    # Their turns come once all wait.
    while len(batches._waiting) < len(others): await asyncio.sleep(0)
    released.set()
    found = await asyncio.gather(first, *others, return_exceptions=True)
    said = [each["y"].tolist() if isinstance(each, dict) else type(each).__name__ for each in found[1:]]
    print(json.dumps({"counts": counts[1:], "answers": said}))
`;

function describeBatches(runtime: Runtime): void {
  let python: PythonSnippets;
  beforeAll(() => {
    python = pythonSnippets(runtime);
  });
  afterAll(() => python.close());

  const answered = (asked: string) => python.said(`${BUSY}\nasyncio.run(answered(${asked}))`);

  it('what waits is answered in one run, each request with its own rows', async () => {
    expect(await answered('rows([1, 2]), rows([3, 4], [5, 6]), rows([7, 8])')).toEqual({
      counts: [4],
      answers: [
        [[2, 4]],
        [
          [6, 8],
          [10, 12],
        ],
        [[14, 16]],
      ],
    });
  });

  it('a run takes as many rows as it may', async () => {
    const { counts } = await answered('rows([1]), rows([2]), rows([3]), rows([4]), most_rows=3');

    expect(counts).toEqual([3, 1]);
  });

  it('rows of another width or type are not joined', async () => {
    const { counts } = await answered('rows([1]), rows([2, 3]), {"x": np.array([[4]])}, rows([5])');

    expect(counts).toEqual([2, 1, 1]);
  });

  it('a request that the model refuses fails alone', async () => {
    expect(await answered('rows([1]), rows([-1]), rows([2])')).toEqual({
      counts: [3, 1, 1, 1],
      answers: [[[2]], 'Refusal', [[4]]],
    });
  });

  it('each is answered alone where there is no memory to join them', async () => {
    const found = await python.said(`${BUSY}
class Large(np.ndarray):
    def __array_function__(self, *_): raise MemoryError()
large = lambda *values: {"x": rows(*values)["x"].view(Large)}
asyncio.run(answered(large([1]), large([2])))`);

    expect(found).toEqual({ counts: [1, 1], answers: [[[2]], [[4]]] });
  });

  it('each is answered alone where the answers are not one for each row', async () => {
    const found = await answered(
      'rows([1]), rows([2]), predict=lambda arrays: {"y": doubled(arrays)["y"].sum(axis=0)}',
    );

    expect(found).toEqual({ counts: [2, 1, 1], answers: [[2], [4]] });
  });

  it('a request whose client has left is not run', async () => {
    expect(await answered('rows([1]), (rows([2]), leaves)')).toEqual({
      counts: [1],
      answers: [[[2]], 'ClientGone'],
    });
  });

  it('more than a hundred waiting requests are refused', async () => {
    const { answers } = await answered('*[rows([each]) for each in range(100)]');
    const late = await python.said(`${BUSY}
async def late():
    predictor = Predictor()
    batches = Batches(predictor, 1, lambda: 2)
    tasks = [asyncio.ensure_future(batches.predict(doubled, rows([0]), stays)) for _ in range(102)]
    while not begun.is_set(): await asyncio.sleep(0.001)
    released.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    print(json.dumps([each.message for each in found if isinstance(each, Refusal)]))
asyncio.run(late())`);

    expect(answers).toHaveLength(100);
    expect(late).toEqual(Array(2).fill('100 requests are waiting; the limit is 100'));
  });

  it('quick rows that were read together are answered in one run, and one that comes alone at once', async () => {
    const found = await python.said(`${BUSY}
async def quick():
    predictor = Predictor()
    asked = [1]
    batches = Batches(predictor, 64, lambda: asked[0])
    released.set()
    # The model has shown that it is quick.
    await predictor.run(lambda: doubled(rows(*[[0]] * 8)), 8)
    await batches.predict(doubled, rows([1]), stays)
    direct = batches._answering is None
    asked[0] = 3
    found = await asyncio.gather(*[batches.predict(doubled, rows([each]), stays) for each in range(3)])
    print(json.dumps({"counts": counts, "direct": direct, "answers": [each["y"].tolist() for each in found]}))
asyncio.run(quick())`);

    expect(found).toEqual({ counts: [8, 1, 3], direct: true, answers: [[[0]], [[2]], [[4]]] });
  });

  it('a slow model that has one client alone answers it as without batches', async () => {
    const found = await python.said(`${BUSY}
async def lone():
    predictor = Predictor()
    batches = Batches(predictor, 64, lambda: 1)
    answer = asyncio.ensure_future(batches.predict(doubled, rows([1]), stays))
    while not begun.is_set(): await asyncio.sleep(0.001)
    direct = batches._answering is None and not batches._waiting
    released.set()
    print(json.dumps({"direct": direct, "answer": (await answer)["y"].tolist()}))
asyncio.run(lone())`);

    expect(found).toEqual({ direct: true, answer: [[2]] });
  });

  it.each([
    ['rows', 'Model(SIGNATURE, doubled)', 'rows([1], [2])', true],
    ['more rows than a run takes', 'Model(SIGNATURE, doubled)', 'rows(*[[1]] * 9)', false],
    ['no rows', 'Model(SIGNATURE, doubled)', '{"x": np.zeros((0, 1))}', false],
    [
      'inputs of several lengths',
      'Model(SIGNATURE, doubled)',
      '{"x": np.zeros(1), "z": np.zeros(2)}',
      false,
    ],
    ['rows for code', 'Model(SIGNATURE, doubled, is_code=True)', 'rows([1])', false],
    [
      'rows for a model with parameters',
      'Model(SIGNATURE, doubled, predict_with=doubled)',
      'rows([1])',
      false,
    ],
    ['an input whose first dimension is fixed', 'Model(FIXED, doubled)', 'rows([1])', false],
  ])('%s, asked of %s as %s, may be joined: %s', async (_, model, inputs, isTaken) => {
    const found = await python.said(`${BUSY}
SIGNATURE, FIXED = (Signature((TensorSpec("x", "FP32", (first, 1)),), ()) for first in (-1, 1))
print(json.dumps(Batches(Predictor(), 8, lambda: 1).takes(${model}, ${inputs})))`);

    expect(found).toBe(isTaken);
  });
}
