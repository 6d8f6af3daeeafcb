import { isOptional, type Part } from './regex-syntax.ts';

/** The letters of a pattern as places, each with the places that may come next, and in how many ways: a run through a text is a sequence of places, and a search tries all runs (Glushkov's automaton). */
export type Places = {
  readonly letters: (readonly boolean[])[];
  readonly next: Map<number, number>[];
  first: readonly number[];
};

type Ends = { readonly first: readonly number[]; readonly last: readonly number[] };

const MOST_PLACES = 2000;
const MOST_STEPS = 400_000;

/** The places of a pattern; undefined for a pattern with more places than can be judged. */
export function placesOf(pattern: Part): Places | undefined {
  const places: Places = { letters: [], next: [], first: [] };
  let steps = 0;

  function joined(last: readonly number[], first: readonly number[]): void {
    for (const from of last) {
      const ways = places.next[from];
      for (const to of first) ways?.set(to, (ways.get(to) ?? 0) + 1);
    }
    steps += 1 + last.length * first.length;
    if (steps > MOST_STEPS || places.letters.length > MOST_PLACES) throw new RangeError('too many');
  }

  function endsOf(part: Part): Ends {
    joined([], []);
    if (part.kind === 'letter') {
      places.letters.push(part.letters);
      places.next.push(new Map());
      const own = [places.letters.length - 1];
      return { first: own, last: own };
    }
    if (part.kind === 'repeat') return endsOfRepeat(part);
    if (part.kind === 'all') return endsOfAll(part.parts);
    const ends = part.parts.map(endsOf);
    return {
      first: ends.flatMap(({ first }) => first),
      last: ends.flatMap(({ last }) => last),
    };
  }

  function endsOfAll(parts: readonly Part[]): Ends {
    let [first, last, isStart]: [readonly number[], readonly number[], boolean] = [[], [], true];
    for (const part of parts) {
      const ends = endsOf(part);
      joined(last, ends.first);
      if (isStart) first = [...first, ...ends.first];
      isStart &&= isOptional(part);
      last = isOptional(part) ? [...last, ...ends.last] : ends.last;
    }
    return { first, last };
  }

  function endsOfRepeat({ part, least, most }: Extract<Part, { kind: 'repeat' }>): Ends {
    if (most === null) return endsOfEndless(part, least);
    if (most === 0) return { first: [], last: [] };
    if (most === 1) return endsOf(part);
    const optional: Part = { kind: 'repeat', part, least: 0, most: 1 };
    return endsOfAll(Array.from({ length: most }, (_, at) => (at < least ? part : optional)));
  }

  /** After the required number of repetitions, the last one is followed by itself. */
  function endsOfEndless(part: Part, least: number): Ends {
    const before = Array.from({ length: Math.max(0, least - 1) }, () => part);
    const ends = endsOfAll(before);
    const own = endsOf(part);
    joined(own.last, own.first);
    joined(ends.last, own.first);
    return {
      first: before.every(isOptional) ? [...ends.first, ...own.first] : ends.first,
      last: isOptional(part) ? [...ends.last, ...own.last] : own.last,
    };
  }

  try {
    places.first = endsOf(pattern).first;
    return places;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
