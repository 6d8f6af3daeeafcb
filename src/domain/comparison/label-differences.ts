import type { ExpectedChanges } from '#domain/manifest/gate.ts';
import { renamedLabel } from './declared-changes.ts';
import {
  breaking,
  type Difference,
  harmless,
  listed,
  quoted,
  suspicious,
  when,
} from './difference.ts';

/** The labels that differ on purpose. */
export type ExpectedLabels = NonNullable<ExpectedChanges['labels']>;

type Labels = readonly string[];

/**
 * How the labels of `where` differ, in the order of their columns or of their numbers. Empty where either has none.
 * A label that is added at the end leaves the columns of the others where they were. Differences that are `expected` are harmless, and so is the order of labels that were sorted and are sorted now.
 */
export function labelDifferences(
  before: Labels,
  after: Labels,
  where: string,
  expected: ExpectedLabels = {},
): readonly Difference[] {
  if (before.length === 0 || after.length === 0) return [];
  const { kept, others, declared } = withoutExpected(before, after, expected);
  const isSorted = declared.length > 0 && [before, after].every(areSorted);
  const found = isSorted ? [kept, others].map((labels) => labels.toSorted()) : [kept, others];
  const [theirs = [], own = []] = found;
  return [
    ...differencesOf(theirs, own, where),
    ...when(
      declared.length > 0,
      harmless(`${where} has other labels, as gate.expect declares: ${declared.join(', ')}`),
    ),
  ];
}

/** The declarations of which the labels of a version show that they are wrong. One of before, which still holds for both versions, is not. */
export function wrongLabelDeclarations(
  after: Labels,
  { added = [], removed = [], renamed = {} }: ExpectedLabels,
): readonly Difference[] {
  if (after.length === 0) return [];
  const isThere = (label: string | number) => after.includes(String(label));
  const missing = [...added, ...Object.values(renamed)].filter((label) => !isThere(label));
  // A label may take the name of another one.
  const names = new Set([...added, ...Object.values(renamed)].map(String));
  const left = [...removed, ...Object.keys(renamed)].filter(
    (label) => isThere(label) && !names.has(String(label)),
  );
  return [
    ...when(
      missing.length > 0,
      breaking(
        `gate.expect declares the label ${listed(missing.map(String))}, but it has none of this name`,
      ),
    ),
    ...when(
      left.length > 0,
      breaking(
        `gate.expect declares that the label ${listed(left.map(String))} is gone, but it is not`,
      ),
    ),
  ];
}

/** The labels of both without the declared differences, in the words of the new version; and these differences, as clauses. */
function withoutExpected(before: Labels, after: Labels, expected: ExpectedLabels) {
  const { added = [], removed = [] } = expected;
  const isGone = (label: string) => removed.map(String).includes(label) && !after.includes(label);
  const declared: string[] = [];
  const kept = before.flatMap((label) => {
    const name = renamedLabel(label, { labels: expected });
    if (name !== undefined && after.includes(String(name))) {
      declared.push(`${quoted(label)} is ${quoted(String(name))} now`);
      return [String(name)];
    }
    if (!isGone(label)) return [label];
    declared.push(`${quoted(label)} is gone`);
    return [];
  });
  const others = after.filter((label) => {
    const isNew = added.map(String).includes(label) && !kept.includes(label);
    if (isNew) declared.push(`${quoted(label)} is new`);
    return !isNew;
  });
  return { kept, others, declared };
}

function areSorted(labels: Labels): boolean {
  return labels.every((label, index) => index === 0 || (labels[index - 1] ?? '') <= label);
}

function differencesOf(before: Labels, after: Labels, where: string): readonly Difference[] {
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
