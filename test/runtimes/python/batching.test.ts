import { onPython } from '../python-runtime.ts';
import { type PythonSnippets, pythonSnippets } from '../python-snippets.ts';
import type { Runtime } from '../runtime.ts';

await onPython(describeBatching);

/** Golden rows, and the times (ms) of 1, 8 and 64 of them. */
const GOLDEN = `
import json
import numpy as np
from slipway_server.proof.batching import batching
from slipway_server.refusal import Refusal
from slipway_server.values.tensors import Signature, TensorSpec

dice = np.random.RandomState(7)
golden = {"x": dice.normal(0, 1, (256, 3))}
SIGNATURE = Signature((TensorSpec("x", "FP64", (-1, 3)),), ())

def times(median={}, **ms): return {"by": "affinity", "runs": [{"vcpus": 1, "rows": int(rows[1:]), "ms": median.get(rows, each), "leastMs": each} for rows, each in ms.items()]}

def sums(arrays): return {"y": arrays["x"].sum(axis=1)}

def refused(arrays): raise Refusal(400, "one row is too few")

def said(ask, signature=SIGNATURE, rows=256, measured=times(r1=1, r8=1.1, r64=2)):
    given = {name: array[:rows] if rows else np.full((64, 3), 0.5) for name, array in golden.items()}
    found = batching(ask, signature, given, measured)
    print(json.dumps(found))
`;

function describeBatching(runtime: Runtime): void {
  let python: PythonSnippets;
  beforeAll(() => {
    python = pythonSnippets(runtime);
  });
  afterAll(() => python.close());

  const said = (call: string) => python.said(`${GOLDEN}\nsaid(${call})`);

  it('rows that are answered as each alone, and cost less together, may be joined', async () => {
    expect(await said('sums')).toEqual({
      rows: 64,
      reason:
        '64 rows in one run take 0.031 of the time of as many requests, and are answered as each alone',
    });
  });

  it('rows of texts may be joined too', async () => {
    const words = 'golden = {"x": np.array([f"word {at}" for at in range(256)], dtype=object)}';
    const lengths = 'lambda arrays: {"y": np.array([len(each) for each in arrays["x"]])}';
    const texts = 'Signature((TensorSpec("x", "BYTES", (-1,)),), ())';

    const { rows } = await python.said(`${GOLDEN}\n${words}\nsaid(${lengths}, ${texts})`);

    expect(rows).toBe(64);
  });

  it('a difference of rounding is told, and is none', async () => {
    const { rows, reason } = await said(
      'lambda arrays: {"y": arrays["x"].sum(axis=1) + 1e-9 * len(arrays["x"])}',
    );

    expect(rows).toBe(64);
    expect(reason).toMatch(/as each alone, \S+e-08 of their spread apart at most$/);
  });

  it.each([
    {
      what: 'depends on the other rows',
      call: 'lambda arrays: {"y": (arrays["x"] - arrays["x"].mean(axis=0)).sum(axis=1)}',
      reason: /^rows in one run are answered otherwise than alone: y differs by /,
    },
    {
      what: 'depends on the other rows a little more than rounding',
      call: 'lambda arrays: {"y": arrays["x"].sum(axis=1) + 1e-6 * len(arrays["x"])}',
      reason: /^rows in one run are answered otherwise than alone: y differs by /,
    },
    {
      what: 'differs in a label',
      call: 'lambda arrays: {"y": np.where(arrays["x"][:, 0] > arrays["x"][:, 0].min(), "a", "b")}',
      reason: /: y differs in \d+ of 64 rows, first in row \d+$/,
    },
    {
      what: 'differs from one time to the other',
      call: 'lambda arrays: {"y": dice.normal(0, 1, len(arrays["x"]))}',
      reason: /: y differs by /,
    },
    {
      what: 'has one value for all rows',
      call: 'lambda arrays: {"y": arrays["x"].sum()}',
      reason: /: y does not have a value for each row$/,
    },
    {
      what: 'has another type for several rows',
      call: 'lambda arrays: {"y": arrays["x"].sum(axis=1).round().astype(int if len(arrays["x"]) == 1 else float)}',
      reason: /: y is FP64 instead of INT64$/,
    },
    { what: 'is refused', call: 'refused', reason: /: Refusal: one row is too few$/ },
  ])('rows are answered alone where an answer $what', async ({ call, reason }) => {
    expect(await said(call)).toEqual({ rows: 1, reason: expect.stringMatching(reason) });
  });

  it.each([
    {
      what: 'it does not pay',
      given: 'measured=times(r1=1, r8=8.5, r64=60)',
      reason:
        '8 rows in one run take 1.1 of the time of as many requests, 64 rows in one run take 0.94 of the time of as many requests',
    },
    {
      what: 'a row takes less than a request costs the server',
      given: 'measured=times(r1=0.04, r8=0.05, r64=0.09)',
      reason: 'a row alone takes 0.04 ms, so little would be saved: the least is 0.1 ms',
    },
    {
      what: 'a run of a few rows does not pay, though one of many would',
      given: 'measured=times(r1=1, r8=6, r64=7)',
      reason:
        '8 rows in one run take 0.75 of the time of as many requests, 64 rows in one run take 0.11 of the time of as many requests',
    },
    {
      what: 'a row took long only since the machine was busy',
      given: 'measured=times(median={"r1": 20}, r1=0.05, r8=0.06, r64=0.1)',
      reason: 'a row alone takes 0.05 ms, so little would be saved: the least is 0.1 ms',
    },
    {
      what: 'nothing was measured',
      given: 'measured=None',
      reason: 'no run of several rows was measured',
    },
    {
      what: 'the model takes no rows',
      given: 'signature=Signature((TensorSpec("x", "FP64", (1, 3)),), ())',
      reason: 'its first dimension is not a number of rows',
    },
    {
      what: 'few rows are known',
      given: 'rows=7',
      reason: '7 different golden rows are too few to compare',
    },
    {
      what: 'the rows are all alike, so that none could show what it owes to others',
      given: 'rows=0',
      reason: '1 different golden rows are too few to compare',
    },
  ])('rows are answered alone where $what', async ({ given, reason }) => {
    expect(await said(`sums, ${given}`)).toEqual({ rows: 1, reason });
  });

  it.each([
    ['pays only so', 'measured=times(r1=1, r8=2, r64=60)'],
    ['has been proven by so many golden rows', 'rows=16'],
    ['takes too long to be proven by more', 'measured=times(r1=80, r8=81, r64=82)'],
  ])('a run has 8 rows where it %s', async (_, given) => {
    expect(await said(`sums, ${given}`)).toMatchObject({ rows: 8 });
  });
}
