import { type Places, placesOf } from './regex-places.ts';
import { type Part, readPattern } from './regex-syntax.ts';

// Real patterns try a text of this many letters at most some hundred times; a pattern such as `\s*[\r\n]+` may split the text at each of 64 letters in two ways.
const LETTERS = 64;
const MOST_RUNS = 50_000;
const MOST_TEXTS = 8;
const MOST_PAIRS = 200_000;
// The search takes half a second for this many tries.
const MOST_TRIES = 50_000_000;

const TOO_LARGE = 'is too large to be judged: some texts may keep it busy without end';
const WITHOUT_END =
  'can read the same letters in many ways: some texts would keep it busy without end';

/**
 * Why a regular expression may run away, as a predicate: a text that does not match is then tried in every way in which it can be read. Undefined for one that reads each text in few ways.
 * `(a+)+`, `(a|a)+`, `(a+a)+` and `(a?){40}` read a row of letters in a number of ways that doubles with each letter; `a*a*a*a*` in the fourth power of their number.
 * https://owasp.org/www-community/attacks/Regular_expression_Denial_of_Service_-_ReDoS
 */
export function runawayFault(pattern: string): string | undefined {
  const read = readPattern(pattern);
  if (read === undefined || typeof read === 'string') return read;
  return read.parts.map(faultOf).find((fault) => fault !== undefined);
}

function faultOf(part: Part): string | undefined {
  const places = placesOf(part);
  if (!places) return TOO_LARGE;
  const groups = groupsOf(places);
  const most = mostRuns(places, groups);
  if (most === undefined) return TOO_LARGE;
  return most > MOST_RUNS ? WITHOUT_END : loopsFault(places, groups);
}

/** Letters that every place treats alike count as one: for each such group, the places that accept it. */
function groupsOf({ letters }: Places): readonly ReadonlySet<number>[] {
  const groups = new Map<string, Set<number>>();
  const count = letters[0]?.length ?? 0;
  for (let letter = 0; letter < count; letter += 1) {
    const takers = letters.flatMap((taken, place) => (taken[letter] ? [place] : []));
    if (takers.length > 0) groups.set(takers.join(), new Set(takers));
  }
  return [...groups.values()];
}

type Runs = ReadonlyMap<number, number>;

/** The most runs of any text of LETTERS letters, following only the texts that have the most runs so far; undefined where that takes too long. */
function mostRuns(
  { next, first }: Places,
  groups: readonly ReadonlySet<number>[],
): number | undefined {
  const begin = new Map(first.map((place) => [place, 1] as const));
  let texts: readonly Runs[] = [new Map([[-1, 1]])];
  const edges = next.reduce((sum, ways) => sum + ways.size, first.length);
  if (edges * groups.length * MOST_TEXTS * LETTERS > MOST_TRIES * LETTERS) return undefined;
  for (let letter = 0; letter < LETTERS; letter += 1) {
    const longer = texts.flatMap((runs) =>
      groups.map((takers) => goneOn(runs, takers, (place) => (place < 0 ? begin : next[place]))),
    );
    const byPlaces = new Map(
      longer
        .map((runs) => ({ runs, count: countOf(runs) }))
        .filter(({ count }) => count > 0)
        .sort((one, other) => one.count - other.count)
        .map((each) => [[...each.runs.keys()].join(), each] as const),
    );
    const kept = [...byPlaces.values()].sort((one, other) => other.count - one.count);
    if (kept.length === 0 || (kept[0]?.count ?? 0) > MOST_RUNS) return kept[0]?.count ?? 0;
    texts = kept.slice(0, MOST_TEXTS).map(({ runs }) => runs);
  }
  return Math.max(...texts.map(countOf));
}

function goneOn(
  runs: Runs,
  takers: ReadonlySet<number>,
  nextOf: (place: number) => ReadonlyMap<number, number> | undefined,
): Runs {
  const longer = new Map<number, number>();
  for (const [place, count] of runs) {
    for (const [to, ways] of nextOf(place) ?? []) {
      if (takers.has(to)) longer.set(to, (longer.get(to) ?? 0) + count * ways);
    }
  }
  return longer;
}

function countOf(runs: Runs): number {
  let sum = 0;
  for (const count of runs.values()) sum += count;
  return sum;
}

/**
 * Whether two different runs lead from a place back to it by the same letters: their number then doubles with each pass, however long a pass is.
 * https://doi.org/10.1016/0304-3975(91)90381-B (Weber and Seidl, exponential degree of ambiguity)
 */
function loopsFault(places: Places, groups: readonly ReadonlySet<number>[]): string | undefined {
  const size = places.letters.length;
  const steps = pairSteps(places, shared(size, groups));
  const seen = { pairs: 0 };
  for (let place = 0; place < size; place += 1) {
    const fault = loopFault({ one: place, other: place, hasParted: false }, size, steps, seen);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Two runs by the same letters; `hasParted`: they are different. */
type Pair = { readonly one: number; readonly other: number; readonly hasParted: boolean };

/** Searches from a pair with one place twice to pairs of different places, and back. */
function loopFault(
  start: Pair,
  size: number,
  steps: (from: Pair) => readonly Pair[] | undefined,
  count: { pairs: number },
): string | undefined {
  const seen = new Map<number, boolean>();
  const pending: Pair[] = [start];
  for (let found = pending.pop(); found; found = pending.pop()) {
    const next = steps(found);
    if (!next) return TOO_LARGE;
    if (next.some((each) => each.hasParted && isAt(each, start))) return WITHOUT_END;
    for (const each of next) {
      const key = each.one * size + each.other;
      const before = seen.get(key);
      if (before === true || before === each.hasParted) continue;
      seen.set(key, each.hasParted);
      count.pairs += 1;
      pending.push(each);
    }
    if (count.pairs > MOST_PAIRS) return TOO_LARGE;
  }
  return undefined;
}

function isAt(pair: Pair, { one, other }: Pair): boolean {
  return pair.one === one && pair.other === other;
}

/** The pairs that come next; undefined once all calls together take too long. */
function pairSteps({ next }: Places, shares: (one: number, other: number) => boolean) {
  let tries = 0;
  return ({ one, other, hasParted }: Pair): readonly Pair[] | undefined => {
    const [ofOne, ofOther] = [next[one], next[other]];
    tries += (ofOne?.size ?? 0) * (ofOther?.size ?? 0);
    if (tries > MOST_TRIES) return undefined;
    const found: Pair[] = [];
    for (const [a, ways] of ofOne ?? []) {
      const isDouble = one === other && ways > 1;
      for (const b of ofOther?.keys() ?? []) {
        if (!shares(a, b)) continue;
        found.push({ one: a, other: b, hasParted: hasParted || a !== b || isDouble });
      }
    }
    return found;
  };
}

/** Whether there is a letter that both places accept. */
function shared(size: number, groups: readonly ReadonlySet<number>[]) {
  const known = new Map<number, boolean>();
  return (one: number, other: number): boolean => {
    const key = Math.min(one, other) * size + Math.max(one, other);
    const found = known.get(key) ?? groups.some((takers) => takers.has(one) && takers.has(other));
    known.set(key, found);
    return found;
  };
}
