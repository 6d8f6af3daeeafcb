import { spread } from '../figures.ts';
import { KINDS, type Kind, OPTIMIZE, type Optimize, type Prepared } from './prepare.ts';
import { SIDES, type Side } from './servers.ts';
import type { Cost } from './turns.ts';

/** What each round has measured, in the order of the rounds. */
export type Seen = {
  readonly costs: Readonly<Record<Kind, Readonly<Record<Side, Cost[]>>>>;
  readonly drops: Readonly<Record<Kind, Readonly<Record<Optimize, number[]>>>>;
};

const NAMES: Readonly<Record<Side, string>> = {
  auto: 'Slipway auto',
  none: 'Slipway none',
  fastapi: 'FastAPI',
  kserve: 'KServe',
};

/** Each side of Slipway under each other one. */
const PAIRS = [
  ['fastapi', 'auto'],
  ['kserve', 'auto'],
  ['fastapi', 'none'],
  ['kserve', 'none'],
] as const satisfies readonly (readonly [Side, Optimize])[];

const FIGURES = [
  ['start, ms', 'startMs'],
  ['CPU of start, ms', 'startCpuMs'],
  ['RSS, MiB', 'rssMiB'],
  ['PSS, MiB', 'pssMiB'],
  ['CPU of 1 row, µs', 'oneMicros'],
  ['CPU of 32 rows, µs', 'manyMicros'],
  ['time of 1 row, µs', 'oneWallMicros'],
] as const satisfies readonly (readonly [string, keyof Cost])[];

type Aims = Partial<Record<keyof Cost, number>>;

const AIMS: Aims = {
  startMs: 5,
  startCpuMs: 5,
  oneMicros: 20,
  manyMicros: 20,
};

export function emptySeen(): Seen {
  const of = <K extends string, V>(keys: readonly K[], value: () => V) =>
    Object.fromEntries(keys.map((key) => [key, value()])) as Record<K, V>;
  return {
    costs: of(KINDS, () => of(SIDES, (): Cost[] => [])),
    drops: of(KINDS, () => of(OPTIMIZE, (): number[] => [])),
  };
}

export function print(prepared: Prepared, seen: Seen): void {
  for (const kind of KINDS) {
    const { isOnnx } = prepared.image(kind, 'auto');
    const rounds = seen.costs[kind].auto.length;
    const served = isOnnx ? 'converted to ONNX by auto' : 'not converted by auto';
    console.log(`\n${kind} (${prepared.trained[kind].framework}), ${served}, ${rounds} rounds`);
    printCosts(seen, kind);
    printRatios(seen, kind, isOnnx ? AIMS : {});
  }
}

function printCosts(seen: Seen, kind: Kind): void {
  const names = SIDES.map((side) => NAMES[side]);
  line('', names);
  for (const [name, key] of FIGURES) {
    const cells = SIDES.map((side) => spread(valuesOf(seen, kind, side, key)));
    line(name, cells);
  }
  const drops = OPTIMIZE.map((optimize) => dropCell(seen.drops[kind][optimize]));
  line('drop to answer, ms', drops);
}

function dropCell(took: readonly number[]): string {
  return took.length > 0 ? spread(took) : 'no time';
}

function printRatios(seen: Seen, kind: Kind, aims: Aims): void {
  const names = PAIRS.map(([other, own]) => `${NAMES[other]} / ${own}`);
  line('ratios, round by round', names);
  for (const [name, key] of FIGURES) {
    const [plain = name] = name.split(', ');
    const aim = aims[key];
    const cells = PAIRS.map((pair) => ratioCell(seen, kind, pair, key, aim));
    line(aim ? `${plain} (aim ${aim})` : plain, cells);
  }
}

function line(name: string, cells: readonly string[]): void {
  console.log(`${name.padEnd(24)}${cells.map((cell) => cell.padEnd(28)).join('')}`.trimEnd());
}

function ratioCell(
  seen: Seen,
  kind: Kind,
  [other, own]: (typeof PAIRS)[number],
  key: keyof Cost,
  aim: number | undefined,
): string {
  const mine = valuesOf(seen, kind, own, key);
  const ratios = valuesOf(seen, kind, other, key).map((value, at) => value / (mine[at] ?? NaN));
  return `${spread(ratios, 1)}${aim && own === 'auto' ? verdict(ratios, aim) : ''}`;
}

/** By the median, as `spread` has it. */
function verdict(ratios: readonly number[], aim: number): string {
  const sorted = ratios.toSorted((a, b) => a - b);
  const median = sorted[Math.floor((sorted.length - 1) / 2)] ?? NaN;
  return median >= aim ? ' met' : ' MISSED';
}

function valuesOf(seen: Seen, kind: Kind, side: Side, key: keyof Cost): readonly number[] {
  return seen.costs[kind][side].map((cost) => cost[key]);
}
