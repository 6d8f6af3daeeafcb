import type { WeightPrint } from '#domain/artifact/weights.ts';
import { type Difference, listed, quoted, suspicious } from './difference.ts';

type Prints = readonly WeightPrint[];

/** A part in both versions; one is missing where only the other has it. */
type Pair = { readonly before: WeightPrint | undefined; readonly after: WeightPrint | undefined };

/** As few magnitudes as weights of four bits have, and so many times fewer than before. */
const FEW = { magnitudes: 8, timesFewer: 4 } as const;

/**
 * The sign that the numbers of a version were not found by another training: most are those of before to the bit, and the rest was damaged, rounded, or put before a model that was not trained on it.
 * A training that changes whole parts, such as the last layers, or all but a fitted scaler, leaves no such sign.
 * It is a fault only where the answers differ too: a file that was saved again may differ in bytes that nothing reads.
 */
export function weightDifferences(
  before: Prints | undefined,
  after: Prints | undefined,
): readonly Difference[] {
  if (!before || !after) return [];
  const pairs = pairsOf(before, after);
  const sign = otherPreparation(pairs) ?? untrained(pairs);
  return sign === undefined ? [] : [{ ...suspicious(sign), isFault: true }];
}

function pairsOf(before: Prints, after: Prints): readonly Pair[] {
  const own = new Map(after.map((print) => [print.name, print]));
  const theirs = new Set(before.map(({ name }) => name));
  return [
    ...before.map((print) => ({ before: print, after: own.get(print.name) })),
    ...after.flatMap((print) =>
      theirs.has(print.name) ? [] : [{ before: undefined, after: print }],
    ),
  ];
}

/** The model that answers is the same, and a step before it is not. */
function otherPreparation(pairs: readonly Pair[]): string | undefined {
  const isFinal = ({ before, after }: Pair) => (before ?? after)?.isFinal === true;
  const last = pairs.filter(isFinal);
  const moved = pairs.filter((pair) => !isFinal(pair) && !isSame(pair));
  // A model that has not learnt anything is the same after each training.
  const numbers = last.reduce((sum, pair) => sum + saying(pair), 0);
  if (numbers < 2 || moved.length === 0 || !last.every(isSame)) return undefined;
  return `its rows are prepared in another way (${namesOf(moved)}), but its last step is the same to the bit: it was not trained on such rows`;
}

/** Each part is the same, mostly the same, or rounded to a few values. */
function untrained(pairs: readonly Pair[]): string | undefined {
  const others = pairs.filter((pair) => !isSame(pair));
  const rounded = others.filter(isRounded);
  const isKnown = others.every((pair) => isRounded(pair) || isPartlySame(pair));
  const isKept =
    others.length > rounded.length || pairs.some((pair) => isSame(pair) && saying(pair) > 0);
  if (others.length === 0 || !isKnown || !isKept) return undefined;
  const [first] = rounded;
  if (first) {
    return `the numbers in ${quoted(nameOf(first))} have ${first.after?.magnitudes} distinct magnitudes; before: ${first.before?.magnitudes}: they were rounded and not trained again, since all other numbers are the same to the bit`;
  }
  const rest = pairs.some(({ after }) => after?.isSampled)
    ? 'all others that were sampled'
    : 'all others of the model';
  return `some numbers in ${namesOf(others)} differ, and ${rest} are the same to the bit: no training does that, but a damaged file does`;
}

/** How many pieces are not all zeros or ones, which say nothing. */
function saying({ after }: Pair): number {
  return after?.pieces.filter((piece) => piece !== '').length ?? 0;
}

function isSame({ before, after }: Pair): boolean {
  return (
    before !== undefined && after !== undefined && before.pieces.join() === after.pieces.join()
  );
}

/** At least half of its pieces are the same: some trees of a forest are, where a few rows were corrected. */
function isPartlySame({ before, after }: Pair): boolean {
  if (!before || !after || before.bytes !== after.bytes || after.isSparse) return false;
  const same = before.pieces.filter((piece, at) => piece === after.pieces[at]);
  // Pieces of zeros alone say nothing.
  return same.some((piece) => piece !== '') && same.length * 2 >= before.pieces.length;
}

function isRounded({ before, after }: Pair): boolean {
  if (!before || !after || before.bytes !== after.bytes) return false;
  const [old, now] = [before.magnitudes, after.magnitudes];
  if (old === null || now === null) return false;
  return now <= FEW.magnitudes && now * FEW.timesFewer <= old;
}

function nameOf({ before, after }: Pair): string {
  return (before ?? after)?.name ?? '';
}

function namesOf(pairs: readonly Pair[]): string {
  return listed(pairs.map(nameOf));
}
