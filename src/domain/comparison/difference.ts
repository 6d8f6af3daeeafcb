/**
 * One way in which a version differs from the one that it replaces, as a sentence.
 * `breaking`: clients of the version before get an error, or read another meaning from an answer of the same form. `suspicious`: a retrained model may differ so, and a broken one often does. `harmless` differences explain others.
 * `isFault`: no training makes it, so a version that has it and answers otherwise is broken.
 */
export type Difference = {
  readonly weight: 'breaking' | 'suspicious' | 'harmless';
  readonly what: string;
  readonly isFault?: true;
};

const MOST_NAMED = 8;
const LONGEST_NAME = 60;
const MOST_KEPT = 50;
const WEIGHTS: readonly Difference['weight'][] = ['breaking', 'suspicious', 'harmless'];

export function breaking(what: string): Difference {
  return { weight: 'breaking', what };
}

export function suspicious(what: string): Difference {
  return { weight: 'suspicious', what };
}

export function harmless(what: string): Difference {
  return { weight: 'harmless', what };
}

/** The difference, where it is one. */
export function when(isDifferent: boolean, difference: Difference): readonly Difference[] {
  return isDifferent ? [difference] : [];
}

/** The heaviest first, and so few that a record holds them: the last one counts the rest. */
export function bounded(differences: readonly Difference[]): readonly Difference[] {
  const sorted = differences.toSorted(
    (a, b) => WEIGHTS.indexOf(a.weight) - WEIGHTS.indexOf(b.weight),
  );
  const left = sorted.slice(MOST_KEPT);
  const [first] = left;
  return first
    ? [...sorted.slice(0, MOST_KEPT), { ...first, what: `and ${left.length} more` }]
    : sorted;
}

/** A name that an artifact gave, quoted and of bounded length. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name);
}

/** The first names, quoted, and how many more there are. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMED).map(quoted).join(', ');
  const more = names.length - MOST_NAMED;
  return more > 0 ? `${shown} and ${more} more` : shown;
}
