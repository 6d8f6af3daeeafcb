import { quoted } from '#formats/rejected.ts';

export type Scalar = string | number | boolean | null;

/**
 * Receives nested values by path: `learner.feature_names[]` is any item of that list.
 * `enter` decides about a list or object: walk into it, take it as a list of integers, count its items, or skip it; counting and skipping leave it unread where possible.
 */
export type Visitor = {
  enter(path: string): 'walk' | 'numbers' | 'count' | 'skip';
  value(path: string, value: Scalar): void;
  numbers(path: string, values: readonly number[]): void;
  counted(path: string, items: number): void;
  /** Takes the bytes of a counted list of numbers: those that UBJSON keeps, or would keep if the format has them as text. */
  bytesOf?(path: string): ((bytes: Uint8Array) => void) | undefined;
};

/** Reads synchronously within the window and yields only to wait for bytes: a promise per value would dominate the cost of a walk. */
export type Walk<Result> = Generator<Promise<void> | undefined, Result, void>;

export const MAX_WALK_DEPTH = 64;
export const LONGEST_TEXT: number = 64 * 1024;
const MOST_KEYS = 10_000;
const [MOST_KEPT, LONGEST_KEPT] = [100, 100];

export async function walked(walk: Walk<void>): Promise<void> {
  for (const coming of walk) await coming;
}

/** The paths of an object's members. A duplicate key is refused, since readers differ in which they take; a key that looks like a path does not become part of one. */
export function memberPaths(odd: (what: string) => Error) {
  const keysAt = remembered((path: string) =>
    remembered((key: string) => {
      const name = key === '' || /[.[\]]/.test(key) ? '?' : key;
      return path === '' ? name : `${path}.${name}`;
    }),
  );

  return (path: string): ((key: string) => string) => {
    const seen = new Set<string>();
    const pathOf = keysAt(path);
    return (key) => {
      if (seen.has(key)) throw odd(`the key ${quoted(key)} stands twice`);
      if (seen.size >= MOST_KEYS) throw odd(`an object of more than ${MOST_KEYS} keys`);
      seen.add(key);
      return pathOf(key);
    };
  };
}

/** Caches the first answers: a model repeats the same few paths in each of its trees. */
export function remembered<Answer>(of: (name: string) => Answer): (name: string) => Answer {
  const known = new Map<string, Answer>();
  return (name) => {
    const kept = known.get(name);
    if (kept !== undefined) return kept;
    const found = of(name);
    if (known.size < MOST_KEPT && name.length <= LONGEST_KEPT) known.set(name, found);
    return found;
  };
}
