import type { PlacedOption, Question } from './demand.ts';
import { atRate, cheapest, rankedOptions, turnBetween } from './optimize.ts';
import type { Target } from './target.ts';

/** The lowest own bill (USD a month) of each target at a rate (requests a second); null where none of its options keeps the limits. */
export type DemandPoint = {
  readonly requestsPerSecond: number;
  readonly usd: Readonly<Record<Target, number | null>>;
};

/** A rate (requests a second, within a thousandth, as that of `flipsAt`) from which another target is the choice. */
export type BreakEven = {
  readonly requestsPerSecond: number;
  readonly from: Target;
  readonly to: Target;
};

export type DemandCurve = {
  readonly points: readonly DemandPoint[];
  readonly breakEvens: readonly BreakEven[];
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
  const weighed = Array.from({ length: STEPS + 1 }, (_, step) => {
    const rate = middle * EACH ** (step - STEPS / 2);
    const options = rankedOptions(atRate(question, rate));
    const [best] = options;
    return { rate, options, choice: best?.refusals.length === 0 ? best.target : undefined };
  });
  const breakEvens = weighed.slice(1).flatMap(({ rate: high, choice: to }, index) => {
    const { rate: low = high, choice: from } = weighed[index] ?? {};
    return from && to && from !== to ? [breakEven(question, { low, high, from, to })] : [];
  });
  return { points: weighed.map(({ rate, options }) => pointAt(rate, options)), breakEvens };
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

type Between = {
  readonly low: number;
  readonly high: number;
  readonly from: Target;
  readonly to: Target;
};

function breakEven(question: Question, { low, high, from, to }: Between): BreakEven {
  const isBefore = (rate: number) => cheapest(atRate(question, rate))?.target === from;
  return { requestsPerSecond: turnBetween(low, high, { isBefore, within: 1.001 }), from, to };
}

/** "lambda up to 4.31 requests a second, then fargate": the choices over the rates of the curve, in words; empty where it never changes. */
export function breakEvenWords(breakEvens: readonly BreakEven[]): string {
  const [first] = breakEvens;
  if (!first) return '';
  const changes = breakEvens.map(
    ({ requestsPerSecond, to }) =>
      ` up to ${Number(requestsPerSecond.toPrecision(3))} requests a second, then ${to}`,
  );
  return `${first.from}${changes.join('')}`;
}
