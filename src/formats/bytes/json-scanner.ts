import { rejected } from '#formats/rejected.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { openWindow } from './byte-window.ts';
import { knownTexts } from './known-texts.ts';
import { LONGEST_TEXT, type Scalar, type Walk } from './walk.ts';

const BLOCK_BYTES = 4096;
// A string with its quotes.
const LONGEST_TOKEN = LONGEST_TEXT + 2;
const MOST_DIGITS = 10;
const WHITE_SPACE = [0x20, 0x0a, 0x0d, 0x09];
const SCALAR = /^(true|false|null|-?\d+(\.\d+)?([eE][-+]?\d+)?|-?Infinity|NaN)$/;
const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [MINUS, ZERO, NINE] = [0x2d, 0x30, 0x39];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

const SPACE = tableOf((byte) => WHITE_SPACE.includes(byte));
const ENDS = tableOf((byte) => [...WHITE_SPACE, COMMA, CLOSE_LIST, CLOSE_OBJECT].includes(byte));
const PLAIN = tableOf(
  (byte) => byte >= 0x20 && byte < 0x7f && byte !== QUOTE && byte !== BACKSLASH,
);
const latin1 = (bytes: Buffer) => bytes.toString('latin1');
const isSpace = (byte: number) => SPACE[byte] === 1;
const endsScalar = (byte: number) => ENDS[byte] === 1;
const decoder = new TextDecoder('utf-8', { fatal: true });

/** A lookup table: 1 for each byte that satisfies `is`, else 0. */
function tableOf(is: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => Number(is(byte)));
}

/**
 * The tokens of a JSON text, in order. A token can be read once `isReady` is true; else the caller waits for `more`.
 * Only a list or object that is read at once waits by itself.
 */
export function jsonScanner(source: ByteSource, file: string) {
  const window = openWindow(source, file, Number.POSITIVE_INFINITY);
  const textOf = knownTexts();
  let at = 0;
  // A local copy of the window's bounds, which is faster per byte, and the last position at which a whole token is in the window.
  let { held, from, until } = window;
  let readyUntil = -1;

  const odd = (what: string) =>
    rejected(
      `${file} is not readable JSON: ${what} at byte ${at}`,
      'Save the model again and upload the whole file.',
    );

  /** Skips white space; true when the next token is in the window whatever its length. */
  function isReady(): boolean {
    while (at < until && SPACE[peek()] === 1) at += 1;
    if (at >= source.sizeBytes) throw odd('the file ends');
    return at <= readyUntil;
  }

  function* more(): Walk<void> {
    do yield* load(LONGEST_TOKEN);
    while (!isReady());
  }

  function* load(bytes: number): Walk<void> {
    yield window.hold({ start: at, end: Math.min(at + bytes, source.sizeBytes) });
    ({ held, from, until } = window);
    readyUntil = until < source.sizeBytes ? until - LONGEST_TOKEN : until;
  }

  const peek = () => held[at - from] ?? 0;

  function accept(byte: number): boolean {
    if (peek() !== byte) return false;
    at += 1;
    return true;
  }

  function expect(byte: number): void {
    if (accept(byte)) return;
    throw odd(`${JSON.stringify(String.fromCharCode(byte))} is missing`);
  }

  function text(): string {
    const start = at;
    if (peek() !== QUOTE) throw odd('a text is missing');
    at += 1;
    const isPlain = passPlain(endOf(at));
    let isEscaped = false;
    for (; at < endOf(start + 1) && (peek() !== QUOTE || isEscaped); at += 1) {
      isEscaped = peek() === BACKSLASH && !isEscaped;
    }
    refuseEndless(start + 1);
    at += 1;
    if (!isPlain) return parsed(held.subarray(start - from, at - from));
    return textOf(held, { start: start + 1 - from, end: at - 1 - from }, latin1);
  }

  /** Passes over unescaped characters; true when the string ends after them. */
  function passPlain(end: number): boolean {
    while (at < end && PLAIN[peek()] === 1) at += 1;
    return peek() === QUOTE;
  }

  function scalar(): Scalar {
    const start = at;
    while (at < endOf(start) && !endsScalar(peek())) at += 1;
    refuseEndless(start);
    const written = held.toString('latin1', start - from, at - from);
    if (!SCALAR.test(written)) throw odd('a value is missing');
    const isWord = written === 'true' || written === 'false' || written === 'null';
    return isWord ? { true: true, false: false, null: null }[written] : Number(written);
  }

  const endOf = (from: number) => Math.min(from + LONGEST_TEXT + 1, source.sizeBytes);

  function refuseEndless(from: number): void {
    if (at >= source.sizeBytes) throw odd('the file ends');
    if (at > from + LONGEST_TEXT) throw odd(`a text of more than ${LONGEST_TEXT} bytes`);
  }

  function parsed(bytes: Uint8Array): string {
    try {
      return String(JSON.parse(decoder.decode(bytes)));
    } catch {
      throw odd('a text is damaged');
    }
  }

  /** Advances to the first byte that is `done`, without consuming it; false when more bytes are needed first. */
  function passUntil(done: (byte: number) => boolean): boolean {
    for (; at < until; at += 1) if (done(peek())) return true;
    if (at >= source.sizeBytes) throw odd('the file ends');
    return false;
  }

  /** A list of integers. Reading it byte by byte would dominate the cost of a walk. */
  function* numbers(then: (found: readonly number[]) => void): Walk<void> {
    expect(OPEN_LIST);
    const found: number[] = [];
    if (!isReady()) yield* more();
    if (accept(CLOSE_LIST)) return then(found);
    let [number, digits, sign, isOver] = [0, 0, 1, false];
    const step = (byte: number) => {
      const isDigit = byte >= ZERO && byte <= NINE && digits < MOST_DIGITS && !isOver;
      if (isDigit && (digits === 0 || number > 0)) {
        number = 10 * number + byte - ZERO;
        digits += 1;
      } else if (byte === MINUS && digits === 0 && sign === 1) sign = -1;
      else if (isSpace(byte) && (digits > 0 || sign === 1)) isOver = digits > 0;
      else if (digits > 0 && (byte === COMMA || byte === CLOSE_LIST)) {
        found.push(sign * number);
        [number, digits, sign, isOver] = [0, 0, 1, false];
        return byte === CLOSE_LIST;
      } else throw odd('a whole number is missing');
      return false;
    };
    while (!passUntil(step)) yield* load(BLOCK_BYTES);
    expect(CLOSE_LIST);
    then(found);
  }

  /** Skips a list or an object with its contents; `then` receives the number of items. */
  function* pass(then: (items: number) => void): Walk<void> {
    let depth = 0;
    let [commas, isEmpty] = [0, true];
    let isText = false;
    let isEscaped = false;
    const step = (byte: number) => {
      if (isEmpty && depth === 1 && byte !== CLOSE_LIST) isEmpty = isSpace(byte);
      if (isText) {
        if (byte === QUOTE && !isEscaped) isText = false;
        isEscaped = byte === BACKSLASH && !isEscaped;
        return false;
      }
      if (byte === QUOTE) isText = true;
      else if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth += 1;
      else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth -= 1;
      else if (byte === COMMA && depth === 1) commas += 1;
      return depth === 0;
    };
    while (!passUntil(step)) yield* load(BLOCK_BYTES);
    at += 1;
    then(isEmpty ? 0 : commas + 1);
  }

  return { odd, isReady, more, peek, accept, expect, text, scalar, numbers, pass };
}
