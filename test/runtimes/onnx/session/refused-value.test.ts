import { refusedValue } from '../../../../runtimes/onnx/session/refused-value.ts';
import type { Tensor } from '../../../../runtimes/onnx/values/tensors.ts';

const failed = (told: object) =>
  `Non-zero status code returned while running Gather node. Name:'slipway ${JSON.stringify(told)}' Status Message: indices element out of data bounds`;

const UNKNOWN = failed({ unknown: [['hue', null]] });

function numbers(name: string, shape: readonly number[], data: readonly number[]): Tensor {
  return { name, datatype: 'FP64', shape, data: Float64Array.from(data) };
}

function words(...data: readonly string[]): Tensor {
  return { name: 'hue', datatype: 'BYTES', shape: [data.length], data };
}

/** A model that refuses NaN with the given error. */
function refusing(told: object) {
  return async (inputs: readonly Tensor[]) =>
    inputs.some(({ data }) => Array.from(data as Float64Array).some(Number.isNaN))
      ? failed(told)
      : undefined;
}

it.each([
  {
    what: 'a column',
    told: { missing: [['x', null]] },
    inputs: [numbers('x', [4], [1, 2, NaN, NaN]), numbers('y', [4], [1, 2, 3, 4])],
    says: 'input "x" has null in row 2; the model takes no missing or infinite number',
  },
  {
    what: 'a column of a matrix, of which another may miss a number',
    told: { missing: [['x', 1]] },
    inputs: [numbers('x', [2, 2], [1, 2, NaN, Infinity])],
    says: 'input "x" has Infinity in row 1, column 1; the model takes no missing or infinite number',
  },
  {
    what: 'one of too many columns to name',
    told: { missing: [] },
    inputs: [numbers('x', [2, 3], [1, 2, 3, 4, NaN, 5])],
    says: 'input "x" has null in row 1, column 1; the model takes no missing or infinite number',
  },
])('a missing number is told of by its row and column: $what', async ({ told, inputs, says }) => {
  expect(await refusedValue(failed(told), inputs, refusing(told))).toBe(says);
});

it('a number that is too large for the model is told of by its row and column', async () => {
  const told = failed({ beyond: [], where: 'trees' });
  const inputs = [numbers('x', [3, 2], [1, 2, -1e39, 4, 1e40, NaN])];
  const refusal = async ([x]: readonly Tensor[]) =>
    Array.from(x?.data as Float64Array).some((each) => Math.abs(each) > 1e38) ? told : undefined;

  expect(await refusedValue(told, inputs, refusal)).toBe(
    'input "x" has -1e+39 in row 1, column 0; that is too large for the model',
  );
});

it('an unknown category is told of by its row, column and value', async () => {
  const inputs = [words('red', 'blue', 'pink', 'red', 'pink')];
  const refusal = async ([hue]: readonly Tensor[]) =>
    Array.from(hue?.data as readonly string[]).includes('pink') ? UNKNOWN : undefined;

  expect(await refusedValue(UNKNOWN, inputs, refusal)).toBe(
    'input "hue" has "pink" in row 2, a category that the model does not know',
  );
});

it('a text like what stands for a missing one is told of as it was sent', async () => {
  const missing = { text: '\ufdd0', emptyIsText: [] };
  const says = (text: string) =>
    refusedValue(UNKNOWN, [{ ...words(text), missing }], async () => UNKNOWN);

  expect(await says('\ufdd0\ufdd0')).toContain('has "\ufdd0" in row 0');
  expect(await says('\ufdd0')).toContain('has null in row 0');
});

it('a category that may be of several columns is told of with each', async () => {
  const told = failed({
    unknown: [
      ['hue', null],
      ['x', null],
    ],
  });

  expect(await refusedValue(told, [words('red'), numbers('x', [1], [3])], async () => told)).toBe(
    'input "hue" has "red" in row 0, or input "x" has 3 in row 0, a category that the model does not know',
  );
});

it('inputs of other lengths are named before the failure, which may be for that', async () => {
  const inputs = [numbers('x', [2], [1, 2]), numbers('y', [1], [1])];

  expect(await refusedValue('Concat', inputs, async () => 'Concat')).toBe(
    'there are 2 of "x" and 1 of "y": Concat',
  );
});

it.each([
  { what: "of another's model", message: "running Gather node. Name:'take' Status Message: out" },
  { what: 'without rows', message: UNKNOWN, inputs: [words('red'), numbers('x', [], [1])] },
])('the failure of a run $what stays as it is', async ({ message, inputs = [words('red')] }) => {
  expect(await refusedValue(message, inputs, async () => message)).toBe(message);
});
