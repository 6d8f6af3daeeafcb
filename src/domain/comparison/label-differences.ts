import { breaking, type Difference, listed, suspicious } from './difference.ts';

/**
 * How the labels of `where` differ, in the order of their columns or of their numbers. Empty where either has none.
 * A label that is added at the end leaves the columns of the others where they were.
 */
export function labelDifferences(
  before: readonly string[],
  after: readonly string[],
  where: string,
): readonly Difference[] {
  if (before.length === 0 || after.length === 0) return [];
  const gone = before.filter((label) => !after.includes(label));
  if (gone.length > 0) {
    return [breaking(`${where} no longer has the label ${listed(gone)}`)];
  }
  if (before.some((label, index) => after[index] !== label)) {
    return [
      breaking(
        `the labels of ${where} are in another order: ${listed(after)}; before: ${listed(before)}`,
      ),
    ];
  }
  const added = after.slice(before.length);
  return added.length > 0 ? [suspicious(`${where} has the label ${listed(added)} too`)] : [];
}
