import { show } from '../values/json.ts';
import { sentText, type Tensor, type TensorData } from '../values/tensors.ts';

/**
 * The columns in which a converted model refuses missing values or unknown categories; a column of a matrix has its index. An empty list means that the columns are unknown.
 * `beyond` instead says that a number of the row was too large for the model, which does not know in which column.
 */
type Refused = { readonly [What in 'missing' | 'unknown' | 'beyond']?: readonly Column[] };
type Column = readonly [name: string, index: number | null];

// The names that the conversion gives to nodes that fail: runtimes/python/slipway_server/conversion/guard.py.
const NODE = /Name:'slipway (\{.*\})' Status Message/;

/**
 * The message to the client about a run that failed with this message: for a model that Slipway has converted, the row, the column and the value; else the message, and the inputs that differ in length.
 * `refusal` runs the model on other rows of the inputs, and returns the reason if that fails, else undefined.
 */
export async function refusedValue(
  message: string,
  inputs: readonly Tensor[],
  refusal: (inputs: readonly Tensor[]) => Promise<string | undefined>,
): Promise<string> {
  const [first, ...others] = inputs;
  const rows = first?.shape[0] ?? 0;
  const other = others.find(({ shape }) => shape[0] !== rows);
  if (first && other?.shape[0] !== undefined) {
    return `there are ${rows} of ${show(first.name)} and ${other.shape[0]} of ${show(other.name)}: ${message}`;
  }
  if (other || !refusedIn(message)) return message;
  const row = await firstRefused(inputs, rows, refusal);
  const one = rowsOf(inputs, row, row + 1);
  const refused = refusedIn((await refusal(one)) ?? message);
  return (refused && described(refused, one, row)) ?? message;
}

function refusedIn(message: string): Refused | undefined {
  const [, written] = NODE.exec(message) ?? [];
  return written && JSON.parse(written);
}

async function firstRefused(
  inputs: readonly Tensor[],
  rows: number,
  refusal: (inputs: readonly Tensor[]) => Promise<string | undefined>,
): Promise<number> {
  let [first, end] = [0, rows];
  while (end - first > 1) {
    const middle = Math.floor((first + end) / 2);
    if ((await refusal(rowsOf(inputs, first, middle))) === undefined) first = middle;
    else end = middle;
  }
  return first;
}

function rowsOf(inputs: readonly Tensor[], from: number, to: number): readonly Tensor[] {
  return inputs.map(({ shape, data, ...spec }) => {
    const width = shape.slice(1).reduce((product, dim) => product * dim, 1);
    return {
      ...spec,
      shape: [to - from, ...shape.slice(1)],
      data: data.slice(from * width, to * width),
    };
  });
}

function described(
  { missing, unknown, beyond }: Refused,
  inputs: readonly Tensor[],
  row: number,
): string | undefined {
  if (beyond) {
    const largest = largestOf(inputs);
    return largest && `${shown(inputs, largest, row)}; that is too large for the model`;
  }
  if (missing) {
    const columns = missing.length > 0 ? missing : inputs.flatMap(columnsOf);
    const [found] = columns.filter((column) => isMissing(valueAt(inputs, column)));
    return found && `${shown(inputs, found, row)}; the model takes no missing or infinite number`;
  }
  const [column, ...others] = unknown ?? [];
  if (!column) return undefined;
  const all = [column, ...others].map((each) => shown(inputs, each, row));
  return `${all.join(', or ')}, a category that the model does not know`;
}

/** The column of the largest number, whatever its sign. */
function largestOf(inputs: readonly Tensor[]): Column | undefined {
  const sized = inputs.flatMap(columnsOf).flatMap((column) => {
    const value = valueAt(inputs, column);
    return typeof value === 'number' && !Number.isNaN(value)
      ? [{ column, size: Math.abs(value) }]
      : [];
  });
  return sized.toSorted((one, other) => other.size - one.size)[0]?.column;
}

function columnsOf({ name, shape, data }: Tensor): readonly Column[] {
  return shape.length === 1
    ? [[name, null]]
    : Array.from({ length: data.length }, (_, index): Column => [name, index]);
}

function valueAt(inputs: readonly Tensor[], [name, index]: Column): TensorData[number] | undefined {
  return inputs.find((input) => input.name === name)?.data[index ?? 0];
}

function isMissing(value: unknown): boolean {
  return typeof value === 'number' && !Number.isFinite(value);
}

function shown(inputs: readonly Tensor[], column: Column, row: number): string {
  const [name, index] = column;
  const value = valueAt(inputs, column);
  const { missing } = inputs.find((input) => input.name === name) ?? {};
  const sent = typeof value === 'string' ? sentText(value, missing) : value;
  const where = index === null ? `row ${row}` : `row ${row}, column ${index}`;
  return `input ${show(name)} has ${show(Number.isNaN(sent) ? null : sent)} in ${where}`;
}
