import { NUMBERS } from '../protocols/binary.ts';
import { countOf, type Signature, type Tensor, type TensorSpec } from '../values/tensors.ts';
import type { Run } from './model.ts';

/** A run of the model in its turn; `ms` is how long the model itself took. */
export type RunTimed = (
  run: Run,
) => Promise<{ readonly outputs: readonly Tensor[]; readonly ms: number }>;
/** How many rows of several requests a run may have, 1 where each request runs alone, and why. */
export type ProvenRows = { readonly rows: number; readonly reason: string };

// The rules of builds, where these figures come from: runtimes/python/slipway_server/proof/batching.py.
const SIZES = [8, 64] as const;
const MOST_PART = 0.5;
const LEAST_ROW_MS = 0.1;
// A millionth of the spread: the tolerance of a conversion.
const MOST_APART = 1e-6;
// Clients wait for each of these runs, though never for two of them.
const MOST_MS = 500;
// 64 such rows take a megabyte: nobody knows how much memory more would need.
const MOST_VALUES = 4096;
const TIMES = 3;

/**
 * Proves with rows of its own making whether a model answers rows in one run as it answers each alone, and whether that pays. Rejects as `runTimed` does.
 * Rows are made for numbers alone: nobody knows the texts that a model takes.
 */
export async function provenRows(
  { inputs, outputs }: Signature,
  runTimed: RunTimed,
): Promise<ProvenRows> {
  const why = unfit(inputs);
  if (why) return alone(why);
  const names = outputs.map(({ name }) => name);
  const rows = (from: number, to: number): Run => ({
    inputs: inputs.map((spec) => rowsOf(spec, from, to)),
    outputs: names,
  });
  const first = await runTimed(rows(0, 1));
  if (first.outputs.some(({ data }) => data.length > MOST_VALUES))
    return alone('an answer is large');
  const rowMs = await quickest(() => runTimed(rows(0, 1)));
  if (rowMs < LEAST_ROW_MS)
    return alone(`a row takes ${rowMs.toPrecision(2)} ms, so little would be saved`);
  const paying: number[] = [];
  for (const size of SIZES) {
    if (3 * size * rowMs > MOST_MS) break;
    if ((await quickest(() => runTimed(rows(0, size)))) > MOST_PART * size * rowMs) break;
    paying.push(size);
  }
  const most = paying.at(-1);
  if (most === undefined) return alone('several rows in one run save too little');
  const expected = await answers(runTimed, rows, most, 1);
  for (const size of new Set([2, SIZES[0], most])) {
    const found = await answers(runTimed, rows, most, size);
    const differs = names.find((_, at) => !isClose(expected[at] ?? [], found[at] ?? []));
    if (differs !== undefined)
      return alone(`${differs} is answered otherwise in one run than alone`);
  }
  return { rows: most, reason: `${most} rows in one run are answered as each alone, in less time` };
}

function alone(reason: string): ProvenRows {
  return { rows: 1, reason };
}

function unfit(inputs: readonly TensorSpec[]): string {
  if (inputs.length === 0) return 'it takes no inputs';
  for (const { name, datatype, shape } of inputs) {
    if (shape[0] !== -1) return `the first dimension of ${name} is not a number of rows`;
    if (datatype === 'BYTES') return `${name} takes texts`;
    if (shape.slice(1).includes(-1)) return `${name} has rows of any length`;
    if (countOf(shape.slice(1)) > MOST_VALUES) return `a row of ${name} is large`;
  }
  return '';
}

async function quickest(task: () => ReturnType<RunTimed>): Promise<number> {
  let leastMs = Number.POSITIVE_INFINITY;
  for (let time = 0; time < TIMES; time += 1) {
    leastMs = Math.min(leastMs, (await task()).ms);
  }
  return leastMs;
}

/** The values of each output for `count` rows that are asked in runs of `size`. */
async function answers(
  runTimed: RunTimed,
  rows: (from: number, to: number) => Run,
  count: number,
  size: number,
): Promise<readonly (readonly unknown[])[]> {
  const found: unknown[][] = [];
  for (let from = 0; from < count; from += size) {
    const to = Math.min(count, from + size);
    const { outputs } = await runTimed(rows(from, to));
    for (const [at, { shape, data }] of outputs.entries()) {
      if (shape[0] !== to - from) throw new Error('an output does not have a value for each row');
      found[at] = [...(found[at] ?? []), ...data];
    }
  }
  return found;
}

/** Numbers of fractions may differ by rounding, all others not at all. */
function isClose(expected: readonly unknown[], found: readonly unknown[]): boolean {
  const numbers = expected.filter((value) => typeof value === 'number' && Number.isFinite(value));
  const [least, largest] = numbers.reduce<[number, number]>(
    ([low, high], value) => [Math.min(low, Number(value)), Math.max(high, Number(value))],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
  const spread = largest - least;
  const isRounded = numbers.some((value) => !Number.isInteger(value));
  const most = isRounded ? MOST_APART * (spread || 1) : 0;
  return (
    expected.length === found.length &&
    expected.every((value, at) => {
      if (typeof value !== 'number') return value === found[at];
      return Object.is(value, found[at]) || Math.abs(value - Number(found[at])) <= most;
    })
  );
}

/** Rows by their numbers, the same each time: a run consumes its inputs. */
function rowsOf(spec: TensorSpec, from: number, to: number): Tensor {
  const width = countOf(spec.shape.slice(1));
  const values = Array.from({ length: (to - from) * width }, (_, at) => {
    const place = from * width + at + 1;
    // As good as random, and no two rows alike.
    const noise = Math.abs(Math.sin(place * 12.9898) * 43_758.5453) % 1;
    if (spec.datatype === 'BOOL') return noise < 0.5 ? 0 : 1;
    return spec.datatype.startsWith('FP') ? noise * 4 - 2 : Math.floor(noise * 8);
  });
  return { ...spec, shape: [to - from, ...spec.shape.slice(1)], data: dataOf(spec, values) };
}

function dataOf({ datatype }: TensorSpec, values: readonly number[]): Tensor['data'] {
  if (datatype === 'BYTES') return values.map(String);
  if (datatype === 'INT64') return BigInt64Array.from(values, BigInt);
  if (datatype === 'UINT64') return BigUint64Array.from(values, BigInt);
  return NUMBERS[datatype].from(values);
}
