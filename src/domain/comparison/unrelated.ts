import { byPlace, type LeafPair } from './answer-content.ts';
import { areMeasured, deviation, lineThrough, type NumberPair } from './statistics.ts';

// Fewer numbers could show it by chance.
const ENOUGH_NUMBERS = 30;
/** The greatest correlation that these numbers leave possible is below this; trained again, a model keeps 0.94 and more in `bench/gate.ts`. */
const LEAST_CORRELATION = 0.4;
/** How sure that is: standard deviations of Fisher's transform, 99.5 % on this side. */
const Z = 2.58;
/** Answers vary so little, as a part of before, and follow those of before so loosely, that the requests hardly matter any more. */
const COLLAPSED = { spread: 1 / 3, correlation: 0.8 } as const;

/**
 * The signs that the numbers of both versions are not about the same thing, each as a sentence. Two models that predict one target correlate, however each was trained; where they do not, one of them is wrong.
 * Which one it is only the truth says, so the truth outranks these signs. Vectors in another space do not correlate either, and clients that have stored some cannot compare them any more.
 */
export function unrelatedSigns(pairs: readonly LeafPair[]): readonly string[] {
  return [...byPlace(pairs)].flatMap(([place, found]) => {
    const where = place === '' ? 'the answer' : place;
    const numbers = found.flatMap(({ before, after }) =>
      typeof before === 'number' && typeof after === 'number' ? [[before, after] as const] : [],
    );
    return areMeasured(numbers.map(([x]) => x)) ? (signOf(where, numbers) ?? []) : [];
  });
}

function signOf(where: string, numbers: readonly NumberPair[]): string | undefined {
  const [old, now] = [deviation(numbers.map(([x]) => x)), deviation(numbers.map(([, y]) => y))];
  // One answer to everything is a sign of its own, and nothing can be compared with it.
  if (numbers.length < ENOUGH_NUMBERS || old === 0 || now === 0) return undefined;
  const { slope, rSquared } = lineThrough(numbers);
  const found = Math.sign(slope) * Math.sqrt(rSquared);
  if (Math.tanh(Math.atanh(found) + Z / Math.sqrt(numbers.length - 3)) < LEAST_CORRELATION) {
    return `${where} has next to nothing to do with that of before: the correlation of ${numbers.length} numbers is ${shown(found)}`;
  }
  if (now >= old * COLLAPSED.spread || found >= COLLAPSED.correlation) return undefined;
  return `${where} hardly depends on the request any more: its standard deviation is ${shown(now)}; before: ${shown(old)}`;
}

function shown(value: number): number {
  return Number(value.toPrecision(3));
}
