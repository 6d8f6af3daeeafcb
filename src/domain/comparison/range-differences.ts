import type { ColumnRange } from '#domain/artifact/column-range.ts';
import type { TensorSpec } from '#domain/artifact/signature.ts';
import { type Difference, listed, quoted, suspicious, when } from './difference.ts';

type Ranges = readonly ColumnRange[];
type Known = { readonly mean: number; readonly deviation: number };

/** A training on other rows seldom moves a column by so much. */
const OTHER_UNIT = 5;
/** How far the means of alike columns lie apart at most, in deviations, and how far their deviations and scales do, in parts. */
const ALIKE = 0.25;
const MOST_NAMED = 8;

/**
 * The signs in the columns of both versions that a version was trained on other ones than it gets: two of them exchanged, one in another unit, or categories or missing values that are gone.
 * The first two are faults only where the answers differ too. Empty where a version does not say where its columns lay.
 */
export function rangeDifferences(
  before: Ranges | undefined,
  after: Ranges | undefined,
  inputs: readonly TensorSpec[],
): readonly Difference[] {
  if (!before || before.length !== after?.length) return [];
  const nameOf = (at: number) =>
    inputs.length === before.length ? quoted(inputs[at]?.name ?? '') : `column ${at + 1}`;
  const exchanged = exchangedIn(before, after);
  if (exchanged) {
    const [one, other] = exchanged.map(nameOf);
    return [
      fault(
        `${one} was trained on values that ${other} had before, and ${other} on those of ${one}: they are exchanged`,
      ),
    ];
  }
  const found = before.flatMap((old, at) => {
    const now = after[at];
    if (isKnown(old) && isKnown(now)) return unitDifference(nameOf(at), old, now);
    const areValues = old && now && 'values' in old && 'values' in now;
    return areValues ? valueDifference(nameOf(at), old.values, now.values) : [];
  });
  const unfilled = before.flatMap((old, at) => (isUnfilled(old, after[at]) ? [at] : []));
  return [...found, ...when(unfilled.length > 0, missingDifference(unfilled, nameOf))];
}

/** The training of before had missing values in the column, or a step filled them, and that of now says nothing of the kind. */
function isUnfilled(old: ColumnRange, now: ColumnRange | undefined): boolean {
  return old?.hasMissing === true && !!now && !now.hasMissing;
}

function missingDifference(columns: readonly number[], nameOf: (at: number) => string): Difference {
  const names = columns.slice(0, MOST_NAMED).map(nameOf).join(', ');
  const more = columns.length > MOST_NAMED ? ` and ${columns.length - MOST_NAMED} more` : '';
  return suspicious(
    `its file does not say that values of ${names}${more} may be missing; that of the version before does`,
  );
}

function fault(what: string): Difference {
  return { ...suspicious(what), isFault: true };
}

/** Two columns, each of which now lies where the other lay before, and not where it lay itself. */
function exchangedIn(before: Ranges, after: Ranges): readonly [number, number] | undefined {
  const moved = before.flatMap((old, at) => {
    const now = after[at];
    return isKnown(old) && isKnown(now) && !isAlike(old, now) ? [{ at, old, now }] : [];
  });
  for (const one of moved) {
    const other = moved.find(
      ({ at, old, now }) => at > one.at && isAlike(one.old, now) && isAlike(old, one.now),
    );
    if (other) return [one.at, other.at];
  }
  return undefined;
}

function unitDifference(name: string, old: Known, now: Known): readonly Difference[] {
  const scale = now.deviation / old.deviation;
  const isOther = scale >= OTHER_UNIT || scale <= 1 / OTHER_UNIT;
  // A mean near zero says nothing of the unit.
  const isCentred = Math.abs(old.mean) < old.deviation;
  const isScaled = isCentred || Math.abs(now.mean / old.mean / scale - 1) <= ALIKE;
  if (!isOther || !isScaled) return [];
  const what = `${name} had the mean ${shown(now.mean)} when it was trained; before: ${shown(old.mean)}; and ${shown(scale)} times the deviation: its unit differs`;
  return [isCentred ? suspicious(what) : fault(what)];
}

function valueDifference(
  name: string,
  old: readonly (string | number)[],
  now: readonly (string | number)[],
): readonly Difference[] {
  const gone = old.filter((value) => !now.includes(value)).map(String);
  return gone.length > 0
    ? [suspicious(`${name} no longer had the value ${listed(gone)} when it was trained`)]
    : [];
}

function isAlike(one: Known, other: Known): boolean {
  const isAsWide = Math.abs(other.deviation / one.deviation - 1) <= ALIKE;
  return isAsWide && Math.abs(one.mean - other.mean) <= ALIKE * one.deviation;
}

function isKnown(range: ColumnRange | undefined): range is Known {
  return !!range && 'mean' in range && range.deviation > 0;
}

function shown(number: number): string {
  return String(Number(number.toPrecision(3)));
}
