/** The name that `typed` was probably meant to be: `typed` is its prefix, or at most a third of it is wrong. Undefined when no name is that near. */
export function nearestName(typed: string, names: readonly string[]): string | undefined {
  return byNearness(typed, names).meant;
}

/** All names, beginning with the one most like `typed` (equally near ones keep their order), and the one that was probably meant, as in `nearestName`. */
export function byNearness(
  typed: string,
  names: readonly string[],
): { readonly meant: string | undefined; readonly names: readonly string[] } {
  const measured = names
    .map((name) => ({ name, edits: name.startsWith(typed) ? 0 : countEdits(typed, name) }))
    .sort((a, b) => a.edits - b.edits);
  const [best] = measured;
  const isMeant = best && typed !== '' && best.edits <= Math.ceil(typed.length / 3);
  return { meant: isMeant ? best.name : undefined, names: measured.map(({ name }) => name) };
}

/** Insertions, deletions, substitutions, and swaps of two letters side by side, each of which counts as one: optimal string alignment. */
function countEdits(from: string, to: string): number {
  let before: readonly number[] = [];
  let above: readonly number[] = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = from[row - 1] === to[column - 1] ? 0 : 1;
      const isSwap = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current.push(
        Math.min(
          at(above, column) + 1,
          at(current, column - 1) + 1,
          at(above, column - 1) + replaced,
          isSwap ? at(before, column - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    before = above;
    above = current;
  }
  return at(above, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
