import { type ColumnRange, withMissing } from '#domain/artifact/column-range.ts';
import type { Datatype, Signature, TensorSpec } from '#domain/artifact/signature.ts';
import { type GoldenRequest, zero } from '#domain/rollout/golden-request.ts';
import { numbersFrom } from './seeded-random.ts';

// Changing each of the thousands of numbers of a picture would make noise, not another picture.
const LARGEST_BYTES = 20_000;
// How far a number is moved: relative to itself, or absolutely if it is 0.
const MOVES = [0.02, 0.1, 0.5, 1, 3] as const;
// Nearly all values of a column lie within so many standard deviations of its mean.
const DEVIATIONS = 2;

/**
 * Requests like this one whose numbers have been moved, by a seed: the same ones each time. Empty for a request without numbers, and for a large one.
 * A healthy model answers them as the version before does, so they can show that a version is broken. Nobody sends such requests, so they never show that a version is right.
 */
export function drawnRequests(request: GoldenRequest, count: number): readonly GoldenRequest[] {
  const text = JSON.stringify(request.body) ?? '';
  if (text.length > LARGEST_BYTES) return [];
  const random = numbersFrom(text);
  const drawn: GoldenRequest[] = [];
  for (let index = 0; index < count; index += 1) {
    const by = MOVES[index % MOVES.length] ?? 1;
    const body = moved(request.body, (value) => {
      const step = (random() * 2 - 1) * by * (value === 0 ? 1 : Math.abs(value));
      return Number.isInteger(value) ? Math.round(value + step) : value + step;
    });
    if (JSON.stringify(body) !== text) drawn.push({ ...request, body });
  }
  return drawn;
}

/**
 * Requests of one row each that lies where the columns lay when a model was trained, by a seed: the rows of most clients lie there too. A column of which nothing is known has a zero.
 * Half as many follow that lack the value of one column, of those in which values were missing. Empty where `signature` does not take one number or text for each column.
 */
export function requestsWithin(
  { inputs }: Signature,
  ranges: readonly ColumnRange[],
  count: number,
): readonly GoldenRequest[] {
  const [matrix] = inputs;
  const isMatrix = inputs.length === 1 && matrix?.shape.length === 2;
  const fits = isMatrix
    ? [-1, ranges.length].includes(matrix.shape[1] ?? 0)
    : inputs.length === ranges.length && inputs.every(isColumn);
  if (!matrix || !fits) return [];
  const random = numbersFrom(JSON.stringify(ranges));
  const specs = isMatrix
    ? [{ ...matrix, shape: [1, ranges.length] }]
    : inputs.map((input) => ({ ...input, shape: input.shape.map(() => 1) }));
  const row = () =>
    ranges.map((range, at) => elementOf((specs[at] ?? matrix).datatype, valueIn(range, random())));
  const whole = Array.from({ length: count }, () => tensorsOf(specs, row()));
  const columns = isMatrix ? null : inputs.map(({ name }) => name);
  const lacking = lackingColumns(ranges, Math.ceil(count / 2)).map((at) =>
    rowOf(columns, row().with(at, null)),
  );
  return [...whole, ...lacking];
}

/** The row as one tensor, or one for each column. */
function tensorsOf(specs: readonly TensorSpec[], row: readonly unknown[]): GoldenRequest {
  const tensors = specs.map(({ name, shape, datatype }, at) => ({
    name,
    shape,
    datatype,
    data: specs.length === 1 ? row : row.slice(at, at + 1),
  }));
  return { protocol: 'infer', body: { inputs: tensors } };
}

/** The row as people write it, since tensors have no missing values; `columns` are null where they have no names. */
function rowOf(columns: readonly string[] | null, row: readonly unknown[]): GoldenRequest {
  const body = columns ? { dataframe_split: { columns, data: [row] } } : { inputs: [row] };
  return { protocol: 'invocations', body };
}

/** The column that each of `count` rows lacks: all columns in turn in which values were missing, or as many, evenly spread, as there are rows. */
function lackingColumns(ranges: readonly ColumnRange[], count: number): readonly number[] {
  const columns = ranges.flatMap((range, at) => (range?.hasMissing ? [at] : []));
  if (columns.length === 0) return [];
  const step = Math.max(1, columns.length / count);
  return Array.from(
    { length: count },
    (_, index) => columns[Math.floor(index * step) % columns.length] ?? 0,
  );
}

/** The ranges of a new version, but with the values that the live one knows, where it knows some, and without a value only where the live one takes none: it may fail at others, and its owner would see errors that no client got. */
export function rangesBeside(
  own: readonly ColumnRange[],
  live: readonly ColumnRange[],
): readonly ColumnRange[] {
  return own.map((range, at) => {
    const known = live[at];
    if (known && 'values' in known) return known;
    if (range === null) return null;
    const { hasMissing: _, ...lies } = range;
    return withMissing(lies, known?.hasMissing === true);
  });
}

type Value = string | number | null;

function valueIn(range: ColumnRange, part: number): Value {
  if (range === null) return null;
  if ('values' in range) return range.values[Math.floor(part * range.values.length)] ?? null;
  if ('low' in range) return range.low + part * (range.high - range.low);
  return range.mean + (2 * part - 1) * DEVIATIONS * range.deviation;
}

/** One value for each row. */
function isColumn({ shape, isUnranked }: TensorSpec): boolean {
  const [rows, ...widths] = shape;
  return !isUnranked && rows !== undefined && widths.length <= 1 && (widths[0] ?? 1) === 1;
}

function elementOf(datatype: Datatype, value: Value): unknown {
  if (value === null) return zero(datatype);
  if (datatype === 'BYTES') return String(value);
  const number = Number(value);
  if (!Number.isFinite(number)) return zero(datatype);
  if (datatype === 'BOOL') return number >= 0.5;
  return datatype.includes('INT') ? Math.round(number) : number;
}

/** The value with its numbers moved, except those that describe the others. */
function moved(value: unknown, move: (value: number) => number): unknown {
  if (typeof value === 'number') return move(value);
  if (Array.isArray(value)) return value.map((item) => moved(item, move));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      ['shape', 'parameters', 'params', 'index'].includes(key) ? item : moved(item, move),
    ]),
  );
}
