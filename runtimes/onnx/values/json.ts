import { refusal } from '../refusal.ts';
import { worded } from '../worded.ts';

/** Refuses with 400 text that is not JSON, or is nested too deeply to read. */
export function parseJson(text: string): unknown {
  return parse(text, JSON.parse);
}

/**
 * Like `parseJson`, but an integer beyond 2^53 becomes an exact bigint.
 * Keeping every number's digits costs 20 times a plain parse, so it is only done when some integer is that long.
 */
export function parseJsonWithBigIntegers(text: string): unknown {
  return LONG_INTEGER.test(text)
    ? parse(text, (given) => JSON.parse(given, keepDigits))
    : parseJson(text);
}

// Digits after a point belong to a fraction, and most fractions have as many.
const LONG_INTEGER = /(?:^|[[,:\s-])\d{16}(?!\d*[.eE])/;

/** Reads the text; if that fails, reads it with Python's spelling of a missing number as null: clients of MLflow send that, since its server reads it. */
function parse(text: string, read: (text: string) => unknown): unknown {
  try {
    return read(text);
  } catch (error) {
    const written = withoutNaN(text);
    if (written !== undefined) return parse(written, read);
    const reason = text === '' ? worded('empty') : (otherIn(text) ?? messageOf(error));
    throw refusal(400, worded('jsonUnreadable', reason));
  }
}

/** A guess at the format that the text has instead. */
function otherIn(text: string): string | undefined {
  if (/^[^\s[{"=&,;]+=/.test(text)) return FORM;
  if (/^[^\s[{"][^\n]*[,;\t]/.test(text)) return CSV;
  if (SEVERAL.test(text)) return LINES;
  if (BARE.test(text)) return TEXT;
  return foreignIn(text);
}

// A value that ends with its line, and another in the next.
const SEVERAL = /^\s*[[{][^\n]*[\]}]\s*\n\s*[[{]/;
// A text that begins with a letter, but not with a word of JSON or Python.
const BARE = /^\s*(?!(?:true|false|null|NaN|Infinity|None|True|False)\b)\p{L}/u;
const TEXT = worded('bareText');
const LINES = worded('jsonLines');

const FORM = worded('form');
const CSV = worded('csvAsJson');

/** The text with null for each NaN outside of strings; undefined where there is none. */
function withoutNaN(text: string): string | undefined {
  const pieces: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '"') at = endOfText(text, at);
    if (!text.startsWith('NaN', at)) continue;
    pieces.push(text.slice(from, at), 'null');
    from = at + 'NaN'.length;
  }
  return pieces.length > 0 ? [...pieces, text.slice(from)].join('') : undefined;
}

/** The first value outside of strings that many programs write but JSON does not have: an infinite number, or Python's own spelling. */
function foreignIn(text: string): string | undefined {
  const foreign = /-?Infinity|None|True|False|'/y;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '"') at = endOfText(text, at);
    foreign.lastIndex = at;
    const [found] = foreign.exec(text) ?? [];
    if (found === undefined) continue;
    if (/^(None|True|False|')$/.test(found)) {
      return worded('pythonsSpelling', found);
    }
    return worded('notInJson', found);
  }
  return undefined;
}

function endOfText(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? '';
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The error's message in one line. */
export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/g, ' ');
}

/** A value for an error message: short, and never a whole list or object. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (isObject(value)) return 'an object';
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  return value === undefined ? 'nothing' : String(value);
}

/** The fault of a value that has the wrong kind, or is missing. */
export function is(value: unknown): string {
  return value === undefined ? 'is missing' : `is ${show(value)}`;
}

/** How many names of a list an error message shows. */
export const SHOWN_KEYS = 8;

/** An object's keys for an error message: the first eight, and how many more there are. */
export function showKeys(keys: readonly string[]): string {
  if (keys.length === 0) return 'no keys';
  const more = keys.length - SHOWN_KEYS;
  const shown = keys.slice(0, SHOWN_KEYS).map((key) => show(key));
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
