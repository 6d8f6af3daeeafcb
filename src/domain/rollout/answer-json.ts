import { parseJson } from '#domain/parse-json.ts';

/** The value of an answer; or why it cannot be read, such as `without JSON`. */
export type AnswerJson = { readonly value: unknown } | { readonly fault: string };

// Answers come from untrusted code, and their reader serves all models: 10 MB of brackets became 1 GB of memory, and 10 MB of lines that are not JSON took 150 s on a busy machine.
const DEEPEST = 100;
const MOST_PARTS = 1_000_000;
// An object with this many keys takes a second.
const MOST_KEYS = 100_000;
const MOST_LINES = 10_000;

/** Reads JSON of bounded cost. A streamed answer, one value a line, counts as the list of its lines, as in the build: `values_of` of the Python server. */
export function answerJson(body: string): AnswerJson {
  const fault = costFault(body);
  if (fault) return { fault };
  const value = parseJson(body);
  return value === undefined ? linesOf(body) : { value };
}

/** A text as one value of JSON of bounded cost; undefined for any other. Clients and uploads send such texts, too. */
export function boundedJson(text: string): unknown {
  return costFault(text) ? undefined : parseJson(text);
}

function linesOf(body: string): AnswerJson {
  const values: unknown[] = [];
  const lines = body.trimEnd().split('\n', MOST_LINES + 1);
  if (lines.length > MOST_LINES) return { fault: `with more than ${MOST_LINES} lines` };
  for (const line of lines) {
    const value = parseJson(line);
    if (value === undefined) return { fault: 'without JSON' };
    values.push(value);
  }
  return { value: values };
}

type Count = { depth: number; parts: number; keys: number };

const QUOTE = code('"');
const BACKSLASH = code('\\');
const [BEGIN_LIST, END_LIST] = [code('['), code(']')];
const [BEGIN_OBJECT, END_OBJECT] = [code('{'), code('}')];
const COLON = code(':');

function code(letter: string): number {
  return letter.charCodeAt(0);
}

/** Why a text costs too much to read, such as `with JSON that nests more than 100 deep`: it counts the brackets and the keys outside of texts. */
export function costFault(body: string): string | undefined {
  const count: Count = { depth: 0, parts: 0, keys: 0 };
  // A body may have 16 MB: the codes of its letters are compared, since letters take five times as long.
  for (let at = 0; at < body.length; at += 1) {
    const letter = body.charCodeAt(at);
    if (letter === QUOTE) at = endOfText(body, at);
    else if (isCounted(count, letter)) {
      const fault = overIn(count);
      if (fault) return fault;
    }
  }
  return undefined;
}

/** Counts a letter of the structure; false for one that is not. */
function isCounted(count: Count, letter: number): boolean {
  switch (letter) {
    case BEGIN_LIST:
    case BEGIN_OBJECT:
      count.depth += 1;
      count.parts += 1;
      return true;
    case END_LIST:
    case END_OBJECT:
      count.depth -= 1;
      return true;
    case COLON:
      count.keys += 1;
      return true;
    default:
      return false;
  }
}

function overIn({ depth, parts, keys }: Count): string | undefined {
  if (depth > DEEPEST) return `with JSON that nests more than ${DEEPEST} deep`;
  if (parts > MOST_PARTS) return `with JSON of more than ${MOST_PARTS} lists and objects`;
  return keys > MOST_KEYS ? `with JSON of more than ${MOST_KEYS} keys` : undefined;
}

/** The position of the quotation mark that ends the text; the end of the body if there is no such mark. */
function endOfText(body: string, start: number): number {
  let at = start + 1;
  while (at < body.length && body.charCodeAt(at) !== QUOTE) {
    at += body.charCodeAt(at) === BACKSLASH ? 2 : 1;
  }
  return at;
}
