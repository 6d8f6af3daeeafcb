import { byPlace, type LeafPair } from './answer-content.ts';
import { isPublic } from './public-words.ts';
import { deviation, lineThrough, mean, type NumberPair } from './statistics.ts';
import { textSigns } from './text-signs.ts';

// The fewest values that show each of these signs; fewer could show it by chance.
const ENOUGH_NUMBERS = 10;
const ENOUGH_DISTINCT = 5;
const ENOUGH_FLIPS = 10;
const EXPLAINED = 0.9;
const SLOPE = [0.9, 1.1] as const;
/** Probabilities have no unit, and another regularisation makes all of them more or less certain. */
const SLOPE_OF_PROBABILITIES = [0.5, 2] as const;
const LEAST_R_SQUARED = 0.98;
/** The share of one value, before and now, in answers that are cut off or rounded too far. */
const RARE = 0.1;
const CROWDED = 0.3;
/** The rank correlation of numbers on another scale, and how far they have moved, as a part of their spread. */
const SAME_ORDER = 0.95;
const FAR_AWAY = 1;

/** A sign as a sentence, and where it is in the answers. `isDeclarable`: the owner may have meant it, and could have declared it in `gate.expect`. */
export type BreakageSign = Found & { readonly place: string };

type Found = { readonly what: string; readonly isDeclarable?: true };

/**
 * The signs in pairs of answers that a model is broken, not only trained anew, each with its likely cause:
 * numbers that became null, one answer to everything or to a third of it, answers on another scale, labels that have changed places, and texts that lost their form.
 * The thresholds do not reject a model that was trained again on a little more of the same data.
 * A label that is not one of `words` is only numbered, since it may be about who asked.
 */
export function breakageIn(
  pairs: readonly LeafPair[],
  words: ReadonlySet<string>,
): readonly BreakageSign[] {
  return [...byPlace(pairs)].flatMap(([place, found]) => {
    const where = place === '' ? 'the answer' : place;
    return [
      sign(lost(where, found)),
      ...numberSigns(where, found),
      ...labelSigns(where, found, words),
      ...textSigns(where, found).map(sign),
    ].flatMap((each) => (each ? [{ ...each, place }] : []));
  });
}

function sign(what: string | undefined): Found | undefined {
  return what === undefined ? undefined : { what };
}

function declarable(what: string | undefined): Found | undefined {
  return what === undefined ? undefined : { what, isDeclarable: true };
}

function lost(where: string, pairs: readonly LeafPair[]): string | undefined {
  const numbers = pairs.filter(({ before }) => typeof before === 'number');
  const gone = numbers.filter(({ after }) => after === null);
  if (gone.length === 0) return undefined;
  return `${gone.length} of ${numbers.length} numbers in ${where} are null now: it computes NaN or infinity`;
}

function numberSigns(where: string, pairs: readonly LeafPair[]): readonly (Found | undefined)[] {
  const numbers = pairs.flatMap(({ before, after }) =>
    typeof before === 'number' && typeof after === 'number' ? [[before, after] as const] : [],
  );
  if (numbers.length < ENOUGH_NUMBERS) return [];
  const [old, now] = [distinct(numbers.map(([x]) => x)), distinct(numbers.map(([, y]) => y))];
  if (old < ENOUGH_DISTINCT) return [];
  if (now === 1) {
    return [
      sign(
        `${where} is ${shown(numbers[0]?.[1] ?? 0)} for each of ${numbers.length}; before it had ${old} values`,
      ),
    ];
  }
  return [declarable(otherScale(where, numbers)) ?? sign(crowd(where, numbers))];
}

/** Numbers on another scale: a linear function of the earlier numbers with another slope, or in the same order and far from them. */
function otherScale(where: string, pairs: readonly NumberPair[]): string | undefined {
  const { slope, offset, rSquared } = lineThrough(pairs);
  if (rSquared < LEAST_R_SQUARED) return sameOrder(where, pairs);
  // A retrained model may have moved all its answers, so the offset alone proves nothing.
  const [least, most] = pairs.flat().every(isProbability) ? SLOPE_OF_PROBABILITIES : SLOPE;
  if (slope >= least && slope <= most) return undefined;
  return `${where} is about ${shown(slope)} × that of before ${offset < 0 ? '-' : '+'} ${shown(Math.abs(offset))}: its unit, its scaling or its order of classes differs`;
}

/** One value that a third of the answers have now, and that few had before. */
function crowd(where: string, pairs: readonly NumberPair[]): string | undefined {
  const [before, after] = [pairs.map(([x]) => x), pairs.map(([, y]) => y)].map(mostFrequent);
  if (!before || !after || before.share > RARE || after.share < CROWDED) return undefined;
  return `${where} is ${shown(after.value)} in ${Math.round(after.share * 100)} % of the answers: they are cut off, or rounded too far`;
}

function mostFrequent(values: readonly number[]) {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const [[value, count] = [0, 0]] = [...counts].toSorted((a, b) => b[1] - a[1]);
  return { value, share: count / values.length };
}

/** Numbers in the same order as before, and far from the earlier ones: a scale that is not linear. */
function sameOrder(where: string, pairs: readonly NumberPair[]): string | undefined {
  const ranks = rankCorrelation(pairs);
  const old = pairs.map(([x]) => x);
  const away = mean(pairs.map(([x, y]) => Math.abs(y - x)));
  if (ranks < SAME_ORDER || away < FAR_AWAY * deviation(old)) return undefined;
  return `${where} has the order of before, and other values: its target is on another scale`;
}

/** Spearman's coefficient; ties keep the order of the pairs. */
function rankCorrelation(pairs: readonly NumberPair[]): number {
  const ranks = (values: readonly number[]) => {
    const order = values
      .map((_, index) => index)
      .toSorted((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
    const found = new Array<number>(values.length).fill(0);
    for (const [rank, index] of order.entries()) found[index] = rank;
    return found;
  };
  const [x, y] = [ranks(pairs.map(([value]) => value)), ranks(pairs.map(([, value]) => value))];
  const count = pairs.length;
  const squares = x.reduce((sum, rank, index) => sum + (rank - (y[index] ?? 0)) ** 2, 0);
  return 1 - (6 * squares) / (count * (count ** 2 - 1));
}

function labelSigns(
  where: string,
  pairs: readonly LeafPair[],
  words: ReadonlySet<string>,
): readonly (Found | undefined)[] {
  const found = pairs.filter(({ before, after }) => isLabel(before) && isLabel(after));
  const labels = found.map(({ before, after }) => [String(before), String(after)] as const);
  if (labels.length === 0) return [];
  const [old, now] = [distinct(labels.map(([x]) => x)), distinct(labels.map(([, y]) => y))];
  // Answers that are all different are not labels.
  if (old * 2 > labels.length) return [];
  const flips = labels.filter(([before, after]) => before !== after);
  if (flips.length < ENOUGH_FLIPS) return [];
  if (now === 1 && old > 1) {
    return [
      sign(
        `${where} is ${labelNames(found, words)(String(flips[0]?.[1]))} for each of ${labels.length}; before it had ${old} labels`,
      ),
    ];
  }
  return [
    declarable(permutation({ where, labels, nameOf: labelNames(found, words) }, flips.length)),
  ];
}

type Labels = {
  readonly where: string;
  readonly labels: readonly (readonly [before: string, after: string])[];
  readonly nameOf: (label: string) => string;
};

/** How a sentence names each label: by itself if it is public, else by its number among the others. */
function labelNames(
  pairs: readonly LeafPair[],
  words: ReadonlySet<string>,
): (label: string) => string {
  const hidden = new Set(
    pairs
      .flatMap(({ before, after }) => [before, after])
      .filter((value) => !isPublic(value, words))
      .map(String),
  );
  const order = [...hidden];
  return (label) =>
    hidden.has(label) ? `text ${order.indexOf(label) + 1}` : JSON.stringify(label);
}

/** The sentence if the moved labels were permuted: each has become another one of them, and no two the same one. Whole numbers that were only shifted have a new one at an end. */
function permutation({ where, labels, nameOf }: Labels, flips: number): string | undefined {
  const counts = new Map<string, Map<string, number>>();
  for (const [before, after] of labels) {
    const row = counts.get(before) ?? new Map<string, number>();
    counts.set(before, row.set(after, (row.get(after) ?? 0) + 1));
  }
  const mapping = [...counts].map(([before, row]) => {
    const [after = before, count = 0] = [...row].toSorted((a, b) => b[1] - a[1])[0] ?? [];
    return { before, after, count };
  });
  const moved = mapping.filter(({ before, after }) => before !== after);
  const isOneToOne =
    distinct(mapping.map(({ after }) => after)) === mapping.length &&
    moved.every(({ after }) => moved.some(({ before }) => before === after));
  const explained = moved.reduce((sum, { count }) => sum + count, 0);
  if (moved.length < 2 || !isOneToOne || explained < flips * EXPLAINED) return undefined;
  const said = moved.map(({ before, after }) => `${nameOf(before)} is ${nameOf(after)} now`);
  return `the labels in ${where} have changed places: ${said.slice(0, 4).join(', ')}`;
}

/** Classes may be whole numbers, which the caller cannot tell from a measurement, so both rules look at these. */
function isLabel(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isInteger(value);
}

function distinct(values: readonly (string | number)[]): number {
  return new Set(values).size;
}

function isProbability(value: number): boolean {
  return value >= 0 && value <= 1;
}

function shown(value: number): number {
  return Number(value.toPrecision(3));
}
