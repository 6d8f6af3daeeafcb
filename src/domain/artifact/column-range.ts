/**
 * Where the values of a column lay when the model was trained: around a mean, between the outermost of what it knows of them, or among some values; null where the model does not say.
 * A mean and a deviation are those of all rows; the outermost may be those of a single one.
 */
export type ColumnRange =
  | { readonly mean: number; readonly deviation: number }
  | { readonly low: number; readonly high: number }
  | { readonly values: readonly (string | number)[] }
  | null;

/** Facts are kept in the registry, whose items have a limit. */
const MOST = { columns: 500, values: 20, characters: 50 } as const;
const DIGITS = 6;
/** How far beyond its outermost thresholds a column reaches, of the distance between them. */
const BEYOND = 0.25;

/** Between which thresholds the trees of a model split each column, by its number. */
export type Thresholds = Map<number, { low: number; high: number }>;

/** Takes in one more threshold. A leaf has a column below 0. */
export function widen(thresholds: Thresholds, column: number, value: number): void {
  if (column < 0 || column >= MOST.columns || !Number.isFinite(value)) return;
  const known = thresholds.get(column);
  if (!known) thresholds.set(column, { low: value, high: value });
  else if (value < known.low) known.low = value;
  else if (value > known.high) known.high = value;
}

/** The ranges of so many columns, by the trees that take them as they are. */
export function rangesOfTrees(thresholds: Thresholds, columns: number): readonly ColumnRange[] {
  return Array.from({ length: Math.min(columns, MOST.columns + 1) }, (_, at) => {
    const split = thresholds.get(at);
    return split ? beyond(split) : null;
  });
}

/** The ranges as facts keep them, one for each column; undefined where no column has one, or there are too many columns. */
export function keptRanges(
  ranges: readonly ColumnRange[] | undefined,
): readonly ColumnRange[] | undefined {
  if (!ranges || ranges.length > MOST.columns || ranges.every((range) => range === null)) {
    return undefined;
  }
  return ranges.map(kept);
}

/** The range of a column by its mean and its standard deviation. */
export function around(mean: number, deviation: number): ColumnRange {
  return Number.isFinite(mean) && Number.isFinite(deviation) ? { mean, deviation } : null;
}

/** The range of a column that is split at thresholds from `low` to `high`. */
function beyond({ low, high }: { readonly low: number; readonly high: number }): ColumnRange {
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
  const values = range.values.filter(
    (value) => typeof value === 'number' || value.length <= MOST.characters,
  );
  return values.length > 0 ? { values: values.slice(0, MOST.values) } : null;
}

function rounded(number: number): number {
  return Number(number.toPrecision(DIGITS));
}
