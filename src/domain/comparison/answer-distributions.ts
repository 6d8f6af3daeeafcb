import { byPlace, type LeafPair } from './answer-content.ts';
import { isPublic } from './public-words.ts';
import { visibleText } from './visible-text.ts';

/** How often both versions answered what, at one place of their answers: ranges of numbers in their order, or labels, the most frequent first. `moved` counts the labels that differ; it is absent for numbers, and in records from before it was counted. */
export type AnswerDistribution = {
  readonly place: string;
  readonly kind: 'numbers' | 'labels';
  readonly moved?: number;
  readonly bins: readonly {
    readonly name: string;
    readonly before: number;
    readonly after: number;
  }[];
};

/** A pair of values at a place; `isSent`: a client asked for it. */
type Value = LeafPair & { readonly isSent: boolean };

const MOST_PLACES = 6;
const MOST_LABELS = 12;
const BINS = 10;
const LONGEST_NAME = 60;
/** A text that fewer answers to clients had is not counted by itself. */
const ENOUGH_SENT = 5;
/** The ends of the ranges: what lies beyond is counted in the first and the last one. */
const TAIL = 0.02;
const OTHER = 'other';
const MISSING = 'no number';

/** The distributions of the values of these answers, of each of the first places. `words` are those that say nothing of who asked. */
export function answerDistributions(
  answered: readonly { readonly leaves: readonly LeafPair[]; readonly isSent: boolean }[],
  words: ReadonlySet<string>,
): readonly AnswerDistribution[] {
  const values = answered.flatMap(({ leaves, isSent }) =>
    leaves.map((leaf): Value => ({ ...leaf, isSent })),
  );
  return [...byPlace(values)].slice(0, MOST_PLACES).map(([place, found]) => ({
    place: visibleText(place === '' ? 'the answer' : place, LONGEST_NAME),
    ...distributionOf(found, words),
  }));
}

function distributionOf(
  values: readonly Value[],
  words: ReadonlySet<string>,
): Omit<AnswerDistribution, 'place'> {
  const numbers = values.flatMap(({ before, after }) => [before, after].filter(isNumber));
  const isClass = new Set(numbers).size <= MOST_LABELS && numbers.every(Number.isInteger);
  return numbers.length === 0 || isClass ? labelsOf(values, words) : numbersOf(values, numbers);
}

function labelsOf(
  values: readonly Value[],
  words: ReadonlySet<string>,
): Omit<AnswerDistribution, 'place'> {
  const nameOf = namesIn(values, words);
  const counts = new Map<string, { before: number; after: number }>();
  const binOf = (value: unknown) => {
    const name = nameOf(value);
    const bin = counts.get(name) ?? { before: 0, after: 0 };
    counts.set(name, bin);
    return bin;
  };
  for (const { before, after } of values) {
    binOf(before).before += 1;
    binOf(after).after += 1;
  }
  const bins = [...counts].map(([name, bin]) => ({ name, ...bin }));
  const sorted = bins.toSorted(
    (a, b) => Number(a.name === OTHER) - Number(b.name === OTHER) || b.before - a.before,
  );
  const moved = values.filter(({ before, after }) => before !== after).length;
  return { kind: 'labels', moved, bins: sorted };
}

/**
 * The name of a value: a frequent one's own, if it is public or in an example; else a number in its place, since it may be about who asked. All rare ones have one name.
 */
function namesIn(values: readonly Value[], words: ReadonlySet<string>): (value: unknown) => string {
  const seen = new Map<string, { count: number; isShown: boolean }>();
  for (const { before, after, isSent } of values) {
    for (const value of [before, after]) {
      const key = keyOf(value);
      const found = seen.get(key) ?? { count: 0, isShown: false };
      found.count += 1;
      found.isShown ||= !isSent || isPublic(value, words);
      seen.set(key, found);
    }
  }
  const named = [...seen]
    .filter(([, { count, isShown }]) => isShown || count >= ENOUGH_SENT)
    .toSorted(([, a], [, b]) => b.count - a.count)
    .slice(0, MOST_LABELS)
    .map(([key, { isShown }], index) => [key, isShown ? key : `text ${index + 1}`] as const);
  const names = new Map(named);
  return (value) => names.get(keyOf(value)) ?? OTHER;
}

function keyOf(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
  return visibleText(text, LONGEST_NAME) || '(empty)';
}

function numbersOf(
  values: readonly Value[],
  numbers: readonly number[],
): Omit<AnswerDistribution, 'place'> {
  const { names, indexOf } = rangesOf(numbers);
  const bins = names.map((name) => ({ name, before: 0, after: 0 }));
  const missing = { name: MISSING, before: 0, after: 0 };
  const binOf = (value: unknown) => (isNumber(value) ? bins[indexOf(value)] : undefined) ?? missing;
  for (const { before, after } of values) {
    binOf(before).before += 1;
    binOf(after).after += 1;
  }
  const isMissing = missing.before + missing.after > 0;
  return { kind: 'numbers', bins: isMissing ? [...bins, missing] : bins };
}

/** About ten ranges that hold these numbers; those in the tails belong to the first and the last one. */
function rangesOf(numbers: readonly number[]) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.round(part * (sorted.length - 1))] ?? 0;
  const [low, high] = [at(TAIL), at(1 - TAIL)];
  const step = roundStep((high - low) / BINS || Math.abs(low) / BINS || 1);
  const first = Math.floor(low / step);
  const count = Math.max(1, Math.floor(high / step) - first + 1);
  const edge = (index: number) => Number(((first + index) * step).toPrecision(6));
  return {
    names: Array.from({ length: count }, (_, index) => `${edge(index)} to ${edge(index + 1)}`),
    indexOf: (value: number) => Math.min(count - 1, Math.max(0, Math.floor(value / step) - first)),
  };
}

/** The next greater of 1, 2, 5, 10, 20, 50 …, so that the ends of a range are round and no answer's own. */
function roundStep(width: number): number {
  const power = 10 ** Math.floor(Math.log10(width));
  return ([1, 2, 5, 10].find((each) => each * power >= width) ?? 10) * power;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
