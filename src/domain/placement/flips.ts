import { MOST_PER_SECOND } from '#domain/manifest/traffic.ts';
import type { PlacedOption, Question } from './demand.ts';
import { atRate, type Judged, judgedOptions, optionAt, TIE } from './optimize.ts';
import type { Target } from './target.ts';

/**
 * A rate (requests a second, at most a thousandth too high) from which another target is the choice, and why: its bill is lower (`cheaper`), it is as cheap and faster (`faster`),
 * or the option that was the choice below that rate would cost no more, but breaks a limit (`limit`), which `refusal` names.
 */
export type Flip = {
  readonly requestsPerSecond: number;
  readonly from: Target;
  readonly to: Target;
  readonly why: 'cheaper' | 'faster' | 'limit';
  readonly refusal?: string;
};

// Every search looks at the same rates, the powers of this, so that the answer does not depend on where it began.
const STEP = 1.2;
// A choice that holds for less than a hundredth of the rate is not looked for.
const NARROW = 1.01;
const WITHIN = 1.001;
// Below three requests a month, all bills are those of an idle model.
const LEAST_PER_SECOND = 1e-6;

/**
 * A rate from which nothing keeps the limits (`isKept` is false), or from which something does again (`target`). Where it ends, `target` was the choice until then, and `refusal` names the limit that it breaks there.
 * The rate is today's where nothing keeps the limits now, nor at any greater rate.
 */
export type LimitsChange = {
  readonly requestsPerSecond: number;
  readonly isKept: boolean;
  readonly target?: Target;
  readonly refusal?: string;
};

/** The first change above the rate of today: a flip, or that the limits begin or end to be kept; both null where the choice stays. The peak grows in proportion. */
export function nextChange(question: Question): {
  readonly flip: Flip | null;
  readonly limitsChange: LimitsChange | null;
} {
  const { requestsPerSecond } = question.demand;
  const today = Math.max(requestsPerSecond, LEAST_PER_SECOND);
  for (const change of changes(question, today, MOST_PER_SECOND)) {
    const [, { rate }] = change;
    if (rate <= requestsPerSecond) continue;
    const flip = flipOf(question, change);
    return { flip, limitsChange: flip ? null : limitsChangeOf(question, change) };
  }
  const isKept = lookAt(question, today).choice !== undefined;
  return { flip: null, limitsChange: isKept ? null : { requestsPerSecond, isKept } };
}

/** The rate of the next flip; null where the choice stays, or the limits begin or end to be kept before. */
export function flipsAt(question: Question): number | null {
  return nextChange(question).flip?.requestsPerSecond ?? null;
}

/** Every flip between two rates, the lowest first. */
export function flipsBetween(question: Question, low: number, high: number): readonly Flip[] {
  return [...changes(question, low, high)]
    .filter(([, { rate }]) => rate > low && rate <= high)
    .flatMap((change) => flipOf(question, change) ?? []);
}

/** The choice at a rate, and the least bill of each target there. */
type Look = {
  readonly rate: number;
  readonly choice: PlacedOption | undefined;
  readonly judged: readonly Judged[];
};
type Change = readonly [before: Look, after: Look];

/** Where another target, or none, is the choice, the lowest rate first: all that there are between two rates, and those beside them up to the next steps. */
function* changes(question: Question, low: number, high: number): Generator<Change> {
  const first = Math.floor(Math.log(low) / Math.log(STEP));
  let before = lookAt(question, STEP ** first);
  for (let step = first + 1; before.rate < high; step += 1) {
    const after = lookAt(question, STEP ** step);
    yield* changesBetween(question, before, after);
    before = after;
  }
}

function* changesBetween(question: Question, before: Look, after: Look): Generator<Change> {
  const isSame = before.choice?.target === after.choice?.target;
  if (isSame && staysBetween(before, after)) return;
  if (after.rate / before.rate <= (isSame ? NARROW : WITHIN)) {
    if (!isSame) yield [before, after];
    return;
  }
  const middle = lookAt(question, Math.sqrt(before.rate * after.rate));
  yield* changesBetween(question, before, middle);
  yield* changesBetween(question, middle, after);
}

function lookAt(question: Question, rate: number): Look {
  return { rate, ...judgedOptions(atRate(question, rate)) };
}

/** Whether no other target can be the choice between two rates: a bill grows with the rate, so the highest of the choice is that at the end, and the lowest of the others is that at the beginning. A bill with fewer starts at a higher rate is the lower of the two. */
function staysBetween(before: Look, after: Look): boolean {
  const target = before.choice?.target;
  const leastOf = ({ judged }: Look, isChoice: boolean) =>
    judged
      .filter(({ option }) => (option.target === target) === isChoice)
      .reduce((least, { as }) => Math.min(least, as.ownUsd), Number.POSITIVE_INFINITY);
  const most = Math.max(leastOf(before, true), leastOf(after, true));
  const least = Math.min(leastOf(before, false), leastOf(after, false));
  return target === undefined || most * TIE < least;
}

function limitsChangeOf(
  question: Question,
  [{ choice: was }, { rate, choice }]: Change,
): LimitsChange {
  if (choice) return { requestsPerSecond: rate, isKept: true, target: choice.target };
  const [refusal] = was ? optionAt(atRate(question, rate), was).refusals : [];
  return {
    requestsPerSecond: rate,
    isKept: false,
    ...(was && { target: was.target }),
    ...(refusal !== undefined && { refusal }),
  };
}

/** Null where nothing keeps the limits on one of its sides. */
function flipOf(question: Question, [{ choice: was }, { rate, choice }]: Change): Flip | null {
  if (!was || !choice) return null;
  const asked = atRate(question, rate);
  const still = optionAt(asked, was);
  const others = judgedOptions(asked).judged.filter(({ option }) => option.target === was.target);
  const least = others.reduce((usd, { as }) => Math.min(usd, as.ownUsd), Number.POSITIVE_INFINITY);
  const flip = { requestsPerSecond: rate, from: was.target, to: choice.target };
  const [refusal] = still.refusals;
  // The next size of the same target may cost as much and keep the limit.
  if (refusal !== undefined && still.ownUsd * TIE < Math.min(least, choice.ownUsd * TIE * TIE)) {
    return { ...flip, why: 'limit', refusal };
  }
  return { ...flip, why: choice.ownUsd < least ? 'cheaper' : 'faster' };
}

/** A rate in three digits. */
export function rateWords(requestsPerSecond: number): string {
  return String(Number(requestsPerSecond.toPrecision(3)));
}
