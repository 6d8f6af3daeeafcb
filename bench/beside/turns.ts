import { availableParallelism, loadavg } from 'node:os';
import { row, spread } from '../figures.ts';

/** The measurements of each side in each round. */
export type Turns<Took> = Readonly<Record<string, readonly Took[]>>;

/** A figure of a turn, and the number of digits in which it is printed. `aim` is the least ratio of the other side's to ours. */
export type Figure<Took> = {
  readonly name: string;
  readonly read: (took: Took) => number;
  readonly digits?: number;
  readonly aim?: number | undefined;
};

/** Lets the sides take turns, with another one first in each round. */
export async function inTurns<Took>(
  sides: Readonly<Record<string, (round: number) => Promise<Took>>>,
  rounds: number,
): Promise<Turns<Took>> {
  const turns = new Map(Object.keys(sides).map((side): [string, Took[]] => [side, []]));
  const loads: number[] = [];
  const all = Object.entries(sides);
  for (let round = 0; round < rounds; round += 1) {
    const first = round % all.length;
    for (const [name, side] of [...all.slice(first), ...all.slice(0, first)]) {
      turns.get(name)?.push(await side(round));
      loads.push(loadavg()[0] ?? Number.NaN);
    }
  }
  const cores = availableParallelism();
  console.log(
    `${rounds} rounds (min / median / max); load of the ${cores} cores ${spread(loads, 1)}`,
  );
  return Object.fromEntries(turns);
}

/** Prints a figure of all sides, and the ratio of the others' to ours in each round. */
export function printFigure<Took>(
  { name, read, digits = 0, aim }: Figure<Took>,
  turns: Turns<Took>,
  { ours, others }: { readonly ours: readonly string[]; readonly others: readonly string[] },
): void {
  console.log(name);
  const valuesOf = (side: string) => (turns[side] ?? []).map(read);
  for (const side of [...ours, ...others]) {
    console.log(row(`  ${side}`, spread(valuesOf(side), digits)));
  }
  for (const other of others) {
    for (const side of ours) {
      const ratios = ratiosOf(valuesOf(other), valuesOf(side));
      const aimed = aim === undefined ? '' : ` (aim ${aim})`;
      console.log(row(`  ${other} / ${side}`, `× ${spread(ratios, 2)}${aimed}`));
    }
  }
}

export function ratiosOf(over: readonly number[], under: readonly number[]): readonly number[] {
  return over.map((value, round) => value / (under[round] ?? Number.NaN));
}
