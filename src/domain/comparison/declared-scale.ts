import type { ExpectedChanges } from '#domain/manifest/gate.ts';
import type { LeafPair } from './answer-content.ts';
import { type DeclaredChanges, isAt, scaled, toleranceOf } from './declared-changes.ts';
import { quoted } from './difference.ts';
import { lineThrough, mean, type NumberPair } from './statistics.ts';

type OutputChange = NonNullable<ExpectedChanges['outputs']>[string];

/** A declared scale explains the answers if they are by this part nearer to it than to those of before. */
const NEARER = 1 / 2;
// The fewest numbers that have a line, how well it fits them, and how much its slope may differ after a training, as for numbers on another scale.
const ENOUGH_NUMBERS = 10;
const LEAST_R_SQUARED = 0.98;
const SLOPE = [0.9, 1.1] as const;
/** A line is exact if it misses each number by no more than this part. */
const EXACT = 1e-4;

/** An output that does not answer as `gate.expect` declares it, and the sign that says so. */
export type UnfoundScale = { readonly output: string; readonly sign: string };

/**
 * The outputs whose numbers are not those of before in the declared scale; another training may have moved them a little. `pairs` are the answers as they are.
 * An output that no answer has is one of them, since a misspelt name would declare nothing.
 */
export function unfoundScales(
  pairs: readonly LeafPair[],
  declared: DeclaredChanges,
): readonly UnfoundScale[] {
  if (pairs.length === 0) return [];
  return Object.entries(declared.outputs ?? {}).flatMap(([output, change]) => {
    const found = pairs.filter(
      ({ place, before }) => isAt(place, output, declared) && isNumber(before),
    );
    if (found.length === 0) {
      const sign = `gate.expect names the output ${quoted(output)}, but no answer has numbers of this name`;
      return [{ output, sign }];
    }
    const numbers = found.flatMap(({ before, after }) =>
      isNumber(before) && isNumber(after) ? [[before, after] as const] : [],
    );
    if (!isScale(change) || numbers.length === 0 || isFound(numbers, output, declared)) return [];
    const sign = `${quoted(output)} is declared as ${scaleWords(change)}, but ${lineWords(numbers)}`;
    return [{ output, sign }];
  });
}

/** The declared changes, each as a clause. */
export function declaredWords({
  tolerance,
  labels: { added = [], removed = [], renamed = {} } = {},
  outputs = {},
  made = [],
}: Omit<DeclaredChanges, 'columns'>): readonly string[] {
  const percent = (part: number) => `${Number((part * 100).toPrecision(3))} %`;
  return [
    ...added.map((label) => `the label ${quoted(String(label))} is new`),
    ...removed.map((label) => `the label ${quoted(String(label))} is gone`),
    ...Object.entries(renamed).map(
      ([before, after]) => `the label ${quoted(before)} is called ${quoted(String(after))}`,
    ),
    ...Object.entries(outputs).flatMap(([name, change]) => [
      ...(isScale(change) ? [`${quoted(name)} is ${scaleWords(change)}`] : []),
      ...(change.tolerance === undefined
        ? []
        : [`numbers of ${quoted(name)} may differ by ${percent(change.tolerance)}`]),
    ]),
    ...made.map((name) => `${quoted(name)} has been in its declared unit since the version before`),
    ...(tolerance === undefined ? [] : [`numbers may differ by ${percent(tolerance)}`]),
  ];
}

function isScale({ scale = 1, offset = 0 }: OutputChange): boolean {
  return scale !== 1 || offset !== 0;
}

function isFound(pairs: readonly NumberPair[], output: string, declared: DeclaredChanges): boolean {
  const moved = pairs.map(([before, after]) => [scaled(before, output, declared), after] as const);
  const { others, outputs } = toleranceOf(declared);
  if (moved.every((pair) => isNear(pair, outputs.get(output) ?? others))) return true;
  if (distance(moved) > distance(pairs) * NEARER) return false;
  const { slope, offset, rSquared } = lineThrough(moved);
  if (moved.length < ENOUGH_NUMBERS || rSquared < LEAST_R_SQUARED) return true;
  const isOtherLine = moved.every(([x, y]) => isNear([slope * x + offset, y], EXACT));
  const [least, most] = SLOPE;
  return !isOtherLine && slope >= least && slope <= most;
}

function isNear([expected, found]: NumberPair, part: number): boolean {
  return Math.abs(found - expected) <= part * Math.abs(expected) + 1e-8;
}

function distance(pairs: readonly NumberPair[]): number {
  return mean(pairs.map(([x, y]) => Math.abs(y - x)));
}

function scaleWords({ scale = 1, offset = 0 }: OutputChange): string {
  const product = scale === 1 ? 'that of before' : `${scale} × that of before`;
  return offset === 0 ? product : `${product} ${offset < 0 ? '-' : '+'} ${Math.abs(offset)}`;
}

function lineWords(pairs: readonly NumberPair[]): string {
  const { slope, offset, rSquared } = lineThrough(pairs);
  if (rSquared < LEAST_R_SQUARED) return 'its answers do not follow that';
  const size = mean(pairs.map(([, y]) => Math.abs(y)));
  const shown = (value: number) => Number(value.toPrecision(3));
  const found = {
    scale: shown(slope),
    offset: Math.abs(offset) > EXACT * size ? shown(offset) : 0,
  };
  return `it is about ${scaleWords(found)}`;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}
