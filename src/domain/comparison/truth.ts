import type { TruthGate } from '#domain/manifest/gate.ts';
import { byPlace, contentOf, leafPairs } from './answer-content.ts';
import type { AskedPair } from './asked-pair.ts';
import { meanBounds } from './betting-bounds.ts';
import {
  asDeclared,
  type DeclaredChanges,
  isAt,
  renamedLabel,
  scaled,
} from './declared-changes.ts';
import { deviation, mean } from './statistics.ts';

/**
 * Both versions beside what is true of the same `rows`. `before` and `after` are the means of the metric: the share of right labels, or the error as a part of the spread of the truth.
 * The gain of the new version, a part of 1, lies from `low` to `high`; the `margin` is what it may lose.
 */
export type TruthEvidence = {
  readonly metric: 'accuracy' | 'absolute error';
  readonly rows: number;
  readonly before: number;
  readonly after: number;
  readonly low: number;
  readonly high: number;
  readonly margin: number;
};

type Row = { readonly truth: unknown; readonly before: unknown; readonly after: unknown };

/** The fewest rows with a truth that are measured. */
export const FEWEST_ROWS = 20;

/** Whether the new version is as good as the one before; undefined where fewer than 20 rows have both a truth and an answer to compare with it. */
export function truthEvidence(
  pairs: readonly AskedPair[],
  { metric: asked, margin, output }: TruthGate,
  error: number,
  declared?: DeclaredChanges,
): TruthEvidence | undefined {
  const rows = pairs.flatMap((pair) => rowsOf(pair, output, declared));
  if (rows.length < FEWEST_ROWS) return undefined;
  const isMeasured = rows.some(
    ({ truth }) => typeof truth === 'number' && !Number.isInteger(truth),
  );
  const metric = asked ?? (isMeasured ? 'absolute error' : 'accuracy');
  const scores = metric === 'accuracy' ? rows.map(rightOf) : errorsOf(rows);
  const sign = metric === 'accuracy' ? 1 : -1;
  const gains = scores.map(([before, after]) => (1 + sign * (after - before)) / 2);
  const [low, high] = meanBounds(gains, error);
  return {
    metric,
    rows: rows.length,
    before: mean(scores.map(([before]) => before)),
    after: mean(scores.map(([, after]) => after)),
    low: 2 * low - 1,
    high: 2 * high - 1,
    margin,
  };
}

type Score = readonly [before: number, after: number];

function rightOf({ truth, before, after }: Row): Score {
  const isRight = (said: unknown) => Number(String(said) === String(truth));
  return [isRight(before), isRight(after)];
}

/** The errors as parts of the spread of the truth, and of its whole at most: what is bounded can be bet on. */
function errorsOf(rows: readonly Row[]): readonly Score[] {
  const spread = deviation(rows.map(({ truth }) => Number(truth))) || 1;
  const errorOf = (truth: unknown, said: unknown) => {
    const part = Math.abs(Number(said) - Number(truth)) / spread;
    return Number.isFinite(part) ? Math.min(1, part) : 1;
  };
  return rows.map(({ truth, before, after }) => [errorOf(truth, before), errorOf(truth, after)]);
}

/** The rows of a request that have a truth, with what both versions said of each: all in the scale and with the labels of the new version. */
function rowsOf(
  pair: AskedPair,
  output: string | undefined,
  declared: DeclaredChanges | undefined,
): readonly Row[] {
  if (pair.truth === undefined || pair.isDrawn) return [];
  const truths: readonly unknown[] = Array.isArray(pair.truth) ? pair.truth : [pair.truth];
  const [theirs, own] = [contentOf(pair.before), contentOf(pair.after)];
  if (!theirs || !own) return [];
  const before = saidOf(asDeclared(theirs.said, undefined, declared), truths, output);
  const after = saidOf(own.said, truths, output);
  if (!before || !after) return [];
  return truths.map((truth, index) => ({
    truth: pair.isTruthOwn || !declared ? truth : truthAsDeclared(truth, before.place, declared),
    before: before.values[index],
    after: after.values[index],
  }));
}

/** The truth of a row that was known before, in the scale and with the label of the new version. */
function truthAsDeclared(truth: unknown, place: string, declared: DeclaredChanges): unknown {
  const label = renamedLabel(truth, declared);
  if (label !== undefined) return label;
  const output = Object.keys(declared.outputs ?? {}).find((name) => isAt(place, name, declared));
  return typeof truth === 'number' ? scaled(truth, output, declared) : truth;
}

/** The part of an answer that has one value of the truth's kind for each row, and its place. */
function saidOf(
  content: unknown,
  truths: readonly unknown[],
  output: string | undefined,
): { readonly place: string; readonly values: readonly unknown[] } | undefined {
  const [kind] = truths.map((truth) => typeof truth);
  return [...byPlace(leafPairs(content, content))]
    .filter(([place]) => output === undefined || place.split('/').includes(output))
    .map(([place, found]) => ({ place, values: found.map(({ before }) => before) }))
    .find(
      ({ values }) =>
        values.length === truths.length && values.every((value) => typeof value === kind),
    );
}

/** Whether the truth shows that the new version is worse by more than the margin. */
export function isWorse({ before, after, low, high, margin, metric }: TruthEvidence): boolean {
  const gain = metric === 'accuracy' ? after - before : before - after;
  return high < 0 && gain < -margin && low < -margin;
}

/** Whether the truth shows that the new version is no worse than the margin allows. */
export function isAsGood({ low, margin }: TruthEvidence): boolean {
  return low >= -margin;
}

/** The finding as a clause. */
export function truthWords({
  metric,
  rows,
  before,
  after,
  low,
  high,
  margin,
}: TruthEvidence): string {
  const percent = (part: number) => `${Number((part * 100).toFixed(1))} %`;
  const name = metric === 'accuracy' ? 'accuracy' : 'absolute error, as a part of the spread,';
  return `its ${name} on ${rows} rows whose truth is known is ${percent(after)}, before ${percent(before)}: a gain of ${percent(low)} to ${percent(high)}, where ${percent(-margin)} is allowed`;
}
