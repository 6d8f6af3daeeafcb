import { row, spread } from '../figures.ts';
import { KINDS, type Kind, OPTIMIZE, type Optimize, type Prepared } from './prepare.ts';
import { SIDES, type Side } from './servers.ts';
import type { Cost } from './turns.ts';

/** What each round has measured, in the order of the rounds. */
export type Seen = {
  readonly costs: Readonly<Record<Kind, Readonly<Record<Side, Cost[]>>>>;
  readonly drops: Readonly<Record<Kind, Readonly<Record<Optimize, number[]>>>>;
};

const NAMES: Readonly<Record<Side, string>> = {
  auto: 'Slipway, optimize auto',
  none: 'Slipway, optimize none',
  fastapi: 'FastAPI',
  kserve: 'KServe',
};

const FIGURES = [
  ['start, ms', 'startMs'],
  ['CPU of start, ms', 'startCpuMs'],
  ['RSS, MiB', 'rssMiB'],
  ['PSS, MiB', 'pssMiB'],
  ['CPU of 1 row, µs', 'oneMicros'],
  ['CPU of 32 rows, µs', 'manyMicros'],
  ['1 row, time, µs', 'oneWallMicros'],
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
    for (const side of SIDES) printCosts(seen, kind, side);
    for (const optimize of OPTIMIZE) printDrops(optimize, seen.drops[kind][optimize]);
    console.log('  ratios, round by round');
    const aimsOf = (own: Side) => (isOnnx && own === 'auto' ? AIMS : {});
    for (const own of OPTIMIZE) {
      printRatios(seen, kind, [own, 'fastapi'], aimsOf(own));
      printRatios(seen, kind, [own, 'kserve'], aimsOf(own));
    }
  }
}

function printDrops(optimize: Optimize, took: readonly number[]): void {
  const name = `  drop to answer, ${optimize}, ms`;
  console.log(row(name, took.length > 0 ? `${spread(took)}    of ${took.length}` : 'no time'));
}

function printCosts(seen: Seen, kind: Kind, side: Side): void {
  console.log(`  ${NAMES[side]}`);
  for (const [name, key] of FIGURES) {
    console.log(row(`    ${name}`, spread(valuesOf(seen, kind, side, key))));
  }
}

function printRatios(
  seen: Seen,
  kind: Kind,
  [own, other]: readonly [Side, Side],
  aims: Aims,
): void {
  console.log(`    ${NAMES[other]} / ${NAMES[own]}`);
  for (const [name, key] of FIGURES) {
    const mine = valuesOf(seen, kind, own, key);
    const ratios = valuesOf(seen, kind, other, key).map((value, at) => value / (mine[at] ?? NaN));
    const aim = aims[key];
    console.log(row(`      ${name}`, `× ${spread(ratios, 1)}${aim ? verdict(ratios, aim) : ''}`));
  }
}

/** By the median, as `spread` has it. */
function verdict(ratios: readonly number[], aim: number): string {
  const sorted = ratios.toSorted((a, b) => a - b);
  const median = sorted[Math.floor((sorted.length - 1) / 2)] ?? NaN;
  return `    aim ${aim}: ${median >= aim ? 'met' : 'MISSED'}`;
}

function valuesOf(seen: Seen, kind: Kind, side: Side, key: keyof Cost): readonly number[] {
  return seen.costs[kind][side].map((cost) => cost[key]);
}
