import { median } from '#domain/median.ts';

/** One measured time (above 0), and the parts that it is thought to have. */
export type Sample = { readonly parts: readonly number[]; readonly total: number };

// The pull towards the factor that all parts have together, beside a sample whose whole time is the part: it decides about a part that the samples say nothing about.
const PRIOR = 0.01;
const ROUNDS = 200;
// A ratio nearer to 1 than this counts as chance, and not against a sample.
const LEAST_MISS = 0.03;
// Nought has no logarithm.
const LEAST_RATIO = 0.001;

/**
 * The factors (0 or more), one for each part, by which the parts make up the totals: the least sum of errors as ratios, where half and double are as far off, by least squares whose samples are weighed anew in each round. So one start that was held up counts no more than another.
 * Source: iteratively reweighted least squares, by coordinate descent.
 */
export function fitted(samples: readonly Sample[]): readonly number[] {
  const common = median(samples.map(({ parts, total }) => total / sumOf(parts))) ?? 1;
  const rows = samples.map(({ parts, total }) => parts.map((part) => (part * common) / total));
  let factors: readonly number[] = (rows[0] ?? []).map(() => 1);
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = factors;
    const weights = rows.map((row) => weightOf(dot(row, before)));
    const most = Math.max(...weights);
    factors = descended(
      rows,
      weights.map((weight) => weight / most),
      factors,
    );
  }
  return factors.map((factor) => factor * common);
}

/** The weight by which the square of a miss counts as the distance of its ratio from 1. */
function weightOf(ratio: number): number {
  const distance = Math.abs(Math.log(Math.max(LEAST_RATIO, ratio)));
  return Math.max(LEAST_MISS, distance) / Math.max(LEAST_MISS, Math.abs(1 - ratio)) ** 2;
}

/** One pass over the factors, each at its best beside the others. */
function descended(
  rows: readonly (readonly number[])[],
  weights: readonly number[],
  factors: readonly number[],
): readonly number[] {
  const next = [...factors];
  for (const at of factors.keys()) {
    let [above, below] = [PRIOR, PRIOR];
    for (const [index, row] of rows.entries()) {
      const part = row[at] ?? 0;
      const weight = weights[index] ?? 0;
      const others = dot(row, next) - part * (next[at] ?? 0);
      above += weight * part * (1 - others);
      below += weight * part * part;
    }
    next[at] = Math.max(0, above / below);
  }
  return next;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function dot(row: readonly number[], factors: readonly number[]): number {
  return row.reduce((sum, part, at) => sum + part * (factors[at] ?? 0), 0);
}
