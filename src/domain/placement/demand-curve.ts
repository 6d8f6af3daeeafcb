import type { PlacedOption, Question } from './demand.ts';
import { type Flip, flipsBetween, rateWords } from './flips.ts';
import { atRate, rankedOptions } from './optimize.ts';
import type { Target } from './target.ts';

/** The lowest own bill (USD a month) of each target at a rate (requests a second); null where none of its options keeps the limits. */
export type DemandPoint = {
  readonly requestsPerSecond: number;
  readonly usd: Readonly<Record<Target, number | null>>;
};

export type DemandCurve = {
  readonly points: readonly DemandPoint[];
  readonly breakEvens: readonly Flip[];
};

// A tenth of today's rate to ten times as much, eight points to a power of ten: each weighs every option, and a server answers requests meanwhile.
const STEPS = 16;
const EACH = 10 ** (1 / 8);
// Where nobody calls the model, the curve is that around a request a second.
const QUIET = 1;

/** The bills over the rate, the least first, with the rates at which the choice changes; the peak grows in proportion. */
export function demandCurve(question: Question): DemandCurve {
  const { requestsPerSecond } = question.demand;
  const middle = requestsPerSecond > 0 ? requestsPerSecond : QUIET;
  const rates = Array.from({ length: STEPS + 1 }, (_, step) => middle * EACH ** (step - STEPS / 2));
  const [low = middle, high = middle] = [rates[0], rates.at(-1)];
  return {
    points: rates.map((rate) => pointAt(rate, rankedOptions(atRate(question, rate)))),
    breakEvens: flipsBetween(question, low, high),
  };
}

function pointAt(requestsPerSecond: number, options: readonly PlacedOption[]): DemandPoint {
  const least = (target: Target) => {
    const own = options
      .filter((option) => option.target === target && option.refusals.length === 0)
      .map(({ ownUsd }) => ownUsd);
    return own.length === 0 ? null : Math.min(...own);
  };
  const usd = { lambda: least('lambda'), fargate: least('fargate'), ec2: least('ec2') };
  return { requestsPerSecond, usd };
}

// A line of a terminal holds no more, and further ones are as near to each other as the estimates are.
const MOST_NAMED = 4;

/** "lambda up to 4.31 requests a second, then fargate": the choices over the rates of the curve, in words; empty where it never changes. */
export function breakEvenWords(
  breakEvens: readonly Pick<Flip, 'requestsPerSecond' | 'from' | 'to'>[],
): string {
  const [first] = breakEvens;
  if (!first) return '';
  const changes = breakEvens
    .slice(0, MOST_NAMED)
    .map(
      ({ requestsPerSecond, to }) =>
        ` up to ${rateWords(requestsPerSecond)} requests a second, then ${to}`,
    );
  const more = breakEvens.length - MOST_NAMED;
  const rest = more > 0 ? `, and ${more === 1 ? 'another change' : `${more} more changes`}` : '';
  return `${first.from}${changes.join('')}${rest}`;
}
