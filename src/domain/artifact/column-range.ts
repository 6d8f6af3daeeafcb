/**
 * Where the values of a column lay when the model was trained: around a mean, between the outermost of what it knows of them, or among some values; null where the model does not say.
 * A mean and a deviation are those of all rows; the outermost may be those of a single one.
 * `hasMissing`: values were missing there in the training, or a step of the model fills them. A model that takes missing values and was trained without any does not have it.
 */
export type ColumnRange =
  | ((
      | { readonly mean: number; readonly deviation: number }
      | { readonly low: number; readonly high: number }
      | { readonly values: readonly (string | number)[] }
    ) & { readonly hasMissing?: true })
  | null;

/** Facts are kept in the registry, whose items have a limit. */
const MOST = { columns: 500, values: 20, characters: 50 } as const;
/** Facts have no ranges of a table with more columns. */
export const MOST_RANGES: number = MOST.columns;
const DIGITS = 6;
/** How far beyond its outermost thresholds a column reaches, of the distance between them. */
const BEYOND = 0.25;

/** Between which thresholds the trees of a model split each column, by its number, and whether a split shows that values were missing. */
export type Thresholds = Map<number, { low: number; high: number; hasMissing: boolean }>;

/** Takes in one more threshold. A leaf has a column below 0. */
export function widen(thresholds: Thresholds, column: number, value: number): void {
  if (!Number.isFinite(value)) return;
  const known = entryOf(thresholds, column);
  if (!known) return;
  known.low = Math.min(known.low, value);
  known.high = Math.max(known.high, value);
}

/** Notes that values of this column were missing in the training. */
export function noteMissing(thresholds: Thresholds, column: number): void {
  const known = entryOf(thresholds, column);
  if (known) known.hasMissing = true;
}

function entryOf(thresholds: Thresholds, column: number) {
  if (column < 0 || column >= MOST.columns) return undefined;
  const known = thresholds.get(column);
  if (known) return known;
  const entry = { low: Infinity, high: -Infinity, hasMissing: false };
  thresholds.set(column, entry);
  return entry;
}

/** The ranges of so many columns, by the trees that take them as they are. */
export function rangesOfTrees(thresholds: Thresholds, columns: number): readonly ColumnRange[] {
  return Array.from({ length: Math.min(columns, MOST.columns + 1) }, (_, at) => {
    const split = thresholds.get(at);
    return split ? withMissing(beyond(split), split.hasMissing) : null;
  });
}

/** The range of a column in which values were missing as well, if they were. */
export function withMissing(range: ColumnRange, hasMissing: boolean): ColumnRange {
  return range && hasMissing ? { ...range, hasMissing } : range;
}

/** The ranges as facts keep them, one for each column; undefined where no column has one, or there are too many columns. */
export function keptRanges(
  ranges: readonly ColumnRange[] | undefined,
): readonly ColumnRange[] | undefined {
  if (!ranges || ranges.length > MOST.columns || ranges.every((range) => range === null)) {
    return undefined;
  }
  return ranges.map((range) => withMissing(kept(range), range?.hasMissing === true));
}

/** The range of a column by its mean and its standard deviation. */
export function around(mean: number, deviation: number): ColumnRange {
  return Number.isFinite(mean) && Number.isFinite(deviation) ? { mean, deviation } : null;
}

/** The range of a column that is split at thresholds from `low` to `high`. */
export function beyond({
  low,
  high,
}: {
  readonly low: number;
  readonly high: number;
}): ColumnRange {
  const width = high - low || Math.abs(low) || 1;
  return range(low - BEYOND * width, high + BEYOND * width);
}

/** The range of a column by its outermost values. */
export function range(low: number, high: number): ColumnRange {
  return Number.isFinite(low) && Number.isFinite(high) && low <= high ? { low, high } : null;
}

function kept(range: ColumnRange): ColumnRange {
  if (range === null) return null;
  if ('mean' in range) {
    return { mean: rounded(range.mean), deviation: rounded(range.deviation) };
  }
  if ('low' in range) return { low: rounded(range.low), high: rounded(range.high) };
  const values = range.values.filter((value) =>
    typeof value === 'number' ? Number.isFinite(value) : value.length <= MOST.characters,
  );
  return values.length > 0 ? { values: values.slice(0, MOST.values) } : null;
}

function rounded(number: number): number {
  return Number(number.toPrecision(DIGITS));
}
