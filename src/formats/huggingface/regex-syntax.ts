import { asJavaScript, classAt, escaped } from './regex-classes.ts';
import { lettersFor, takenBy } from './regex-letters.ts';

/** A part of a pattern: `letters` says for each letter whether the part accepts it; a maximum of null means a repetition without end. */
export type Part =
  | { readonly kind: 'letter'; readonly letters: readonly boolean[] }
  | { readonly kind: 'all' | 'either'; readonly parts: readonly Part[] }
  | {
      readonly kind: 'repeat';
      readonly part: Part;
      readonly least: number;
      readonly most: number | null;
    };

/** A whole pattern, and each pattern within it that is tried by itself: in a lookaround, or without backtracking. */
export type Pattern = { readonly parts: readonly Part[] };

export const NOTHING: Part = { kind: 'all', parts: [] };

// The syntax of Ruby, as the library Oniguruma reads it, with which tokenizers search: https://github.com/kkos/oniguruma/blob/master/doc/RE
const GROUP = /\((?:\?(?:(<?[=!])|(>)|#[^)]*\)|<\w+>|:|([a-z]*)(?:-[a-z]*)?([:)])))?/suy;
const UNJUDGED = /\\[1-9]|\\[kgX]|\(\?(?:[(~&]|[a-z]*x)|\(\*/uy;
const EMPTY = /[\^$]|\\[bBAzZGKyY]/uy;
const PROPERTY =
  /\\[pP]\{\^?[^}]*\}|\\x\{[0-9a-fA-F]+\}|\\x[0-9a-fA-F]{1,2}|\\u[0-9a-fA-F]{4}|\\c./suy;
const QUANTIFIER = /(?:([*+?])|\{(\d*)(,?)(\d*)\})/suy;
const MOST_TIMES = 64;
const DEEPEST = 100;

/** Parses a pattern; returns the fault of one that cannot be judged, or undefined for an invalid pattern, which no tokenizer accepts either. */
export function readPattern(pattern: string): Pattern | string | undefined {
  const letters = lettersFor(pattern);
  const tried: Part[] = [];
  let at = 0;
  let isCaseless = false;
  let fault: string | undefined;

  const next = (kind: RegExp): RegExpExecArray | null => {
    kind.lastIndex = at;
    const found = kind.exec(pattern);
    if (found) at = kind.lastIndex;
    return found;
  };
  const letter = (atom: string): Part => ({
    kind: 'letter',
    letters: takenBy(atom, letters, isCaseless),
  });

  /** Reads alternatives up to the end of the group, without that end. */
  function either(depth: number): Part {
    if (depth > DEEPEST) fault = `nests more than ${DEEPEST} deep, which is the limit`;
    const before = isCaseless;
    const alternatives: Part[][] = [[]];
    while (at < pattern.length && pattern[at] !== ')' && fault === undefined) {
      if (pattern[at] === '|') {
        at += 1;
        alternatives.push([]);
      } else alternatives.at(-1)?.push(repeated(depth));
    }
    isCaseless = before;
    return { kind: 'either', parts: alternatives.map((parts) => ({ kind: 'all', parts })) };
  }

  function repeated(depth: number): Part {
    let part = atom(depth);
    for (let found = next(QUANTIFIER); found; found = next(QUANTIFIER)) {
      const times = timesOf(found);
      // Braces without a number are letters.
      if (!times) continue;
      part = { kind: 'repeat', part, ...times };
      const isPossessive = pattern[at] === '+' && (!times.isRange || isLast(at + 1, depth));
      if (isPossessive) part = alone(part);
      if (isPossessive || pattern[at] === '?') at += 1;
    }
    return part;
  }

  /** `{1,3}+` is a repetition of repetitions in Ruby's syntax, if it is not followed by anything that could fail. */
  function isLast(from: number, depth: number): boolean {
    return depth === 0 && (from >= pattern.length || pattern[from] === '|');
  }

  /** A part without backtracking has its own runs; for its surroundings, it counts as one letter. */
  function alone(part: Part): Part {
    tried.push(part);
    const union: Part = { kind: 'letter', letters: lettersIn(part, letters.length) };
    return isOptional(part) ? { kind: 'repeat', part: union, least: 0, most: 1 } : union;
  }

  function atom(depth: number): Part {
    const unjudged = next(UNJUDGED);
    if (unjudged) fault = `has ${unjudged[0]}, by which what it takes depends on what it took`;
    if (unjudged || next(EMPTY)) return NOTHING;
    const group = next(GROUP);
    return group ? grouped(group, depth) : letter(letterAt());
  }

  /** The JavaScript form of a letter. */
  function letterAt(): string {
    if (pattern[at] === '[') {
      const { end, atom } = classAt(pattern, at);
      at = end;
      return atom;
    }
    const named = next(PROPERTY)?.[0];
    if (named !== undefined) return asJavaScript(named);
    const sign = taken();
    if (sign === '\\') return escaped(taken());
    return sign === '.' ? '[^]' : sign.replace(/[\\^$*+?()[\]{}|/]/, '\\$&');
  }

  function grouped([opened, around, atomic, flags, end]: RegExpExecArray, depth: number): Part {
    if (opened.startsWith('(?#')) return NOTHING;
    const before = isCaseless;
    if (flags !== undefined) isCaseless = flagOf(opened, isCaseless);
    // `(?i)` applies up to the end of the group that contains it.
    if (end === ')') return NOTHING;
    const part = either(depth + 1);
    isCaseless = before;
    at += 1;
    if (around !== undefined) return lookedAt(part);
    return atomic === undefined ? part : alone(part);
  }

  /** A lookaround consumes no letter. */
  function lookedAt(part: Part): Part {
    tried.push(part);
    return NOTHING;
  }

  function taken(): string {
    const found = String.fromCodePoint(pattern.codePointAt(at) ?? 0);
    at += found.length;
    return found;
  }

  const whole = either(0);
  while (at < pattern.length && fault === undefined) {
    // This bracket closes a group that was not opened.
    at += 1;
    either(0);
  }
  return fault ?? { parts: [whole, ...tried] };
}

type Times = { readonly least: number; readonly most: number | null; readonly isRange: boolean };

const SIGNS: Readonly<Record<string, Times>> = {
  '?': { least: 0, most: 1, isRange: false },
  '*': { least: 0, most: null, isRange: false },
  '+': { least: 1, most: null, isRange: false },
};

function timesOf([, sign = '', low = '', comma = '', high = '']: RegExpExecArray) {
  if (low + high === '') return SIGNS[sign];
  const least = Math.min(Number(low), MOST_TIMES);
  const last = comma === '' ? low : high;
  const most = last === '' || Number(last) > MOST_TIMES ? null : Number(last);
  return { least, most, isRange: true };
}

function flagOf(opened: string, before: boolean): boolean {
  if (/-[a-z]*i/.test(opened)) return false;
  return before || /\?[a-z]*i/.test(opened);
}

function lettersIn(part: Part, count: number): readonly boolean[] {
  if (part.kind === 'letter') return part.letters;
  const inner = part.kind === 'repeat' ? [part.part] : part.parts;
  const all = inner.map((each) => lettersIn(each, count));
  return Array.from({ length: count }, (_, at) => all.some((letters) => letters[at]));
}

export function isOptional(part: Part): boolean {
  if (part.kind === 'letter') return false;
  if (part.kind === 'repeat') return part.least === 0 || isOptional(part.part);
  return part.kind === 'all' ? part.parts.every(isOptional) : part.parts.some(isOptional);
}
