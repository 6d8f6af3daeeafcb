import { quoted, rejected } from '#formats/rejected.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { openWindow } from './byte-window.ts';

export type Scalar = string | number | boolean | null;

/**
 * What a walk over nested values meets, by its path: `learner.feature_names[]` is any item of that list.
 * `enter` says what to do with a list or an object: go into it, take it as a list of whole numbers, count what is in it, or pass over it, both unread where that can be.
 */
export type Visitor = {
  enter(path: string): 'walk' | 'numbers' | 'count' | 'skip';
  value(path: string, value: Scalar): void;
  numbers(path: string, values: readonly number[]): void;
  counted(path: string, items: number): void;
};

export const MAX_WALK_DEPTH = 64;
export const LONGEST_TEXT: number = 64 * 1024;

const BLOCK_BYTES = 4096;
const MOST_DIGITS = 10;
const MOST_KEYS = 10_000;
const WHITE_SPACE: ReadonlySet<number> = new Set([0x20, 0x0a, 0x0d, 0x09]);
const SCALAR = /^(true|false|null|-?\d+(\.\d+)?([eE][-+]?\d+)?|-?Infinity|NaN)$/;
const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [MINUS, ZERO, NINE] = [0x2d, 0x30, 0x39];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const ENDS: ReadonlySet<number> = new Set([...WHITE_SPACE, COMMA, CLOSE_LIST, CLOSE_OBJECT]);

/** Walks JSON of any size in its order, holding no more than a window of it. Fails with `ArtifactRejected` at the byte where it is none. */
export async function walkJson(source: ByteSource, file: string, visitor: Visitor): Promise<void> {
  const scanner = jsonScanner(source, file);

  async function value(path: string, depth: number): Promise<void> {
    const first = await scanner.peek();
    if (first !== OPEN_LIST && first !== OPEN_OBJECT) {
      return visitor.value(path, first === QUOTE ? await scanner.text() : await scanner.scalar());
    }
    const wish = visitor.enter(path);
    if (wish === 'skip') return void (await scanner.pass());
    if (wish === 'count') return visitor.counted(path, await scanner.pass());
    if (wish === 'numbers') return visitor.numbers(path, await scanner.numbers());
    if (depth >= MAX_WALK_DEPTH) throw scanner.odd('values nested too deeply');
    await scanner.expect(first);
    return first === OPEN_LIST ? items(path, depth) : members(path, depth);
  }

  async function items(path: string, depth: number): Promise<void> {
    if (await scanner.accept(CLOSE_LIST)) return;
    do await value(`${path}[]`, depth + 1);
    while (await scanner.accept(COMMA));
    await scanner.expect(CLOSE_LIST);
  }

  async function members(path: string, depth: number): Promise<void> {
    if (await scanner.accept(CLOSE_OBJECT)) return;
    const keys = keysOf(path, scanner.odd);
    do {
      await scanner.peek();
      const inside = keys(await scanner.text());
      await scanner.expect(COLON);
      await value(inside, depth + 1);
    } while (await scanner.accept(COMMA));
    await scanner.expect(CLOSE_OBJECT);
  }

  await value('', 0);
}

/** The paths of an object's members. A key twice is refused, as readers differ in which they take; one that looks like a path is no part of any. */
export function keysOf(path: string, odd: (what: string) => Error): (key: string) => string {
  const seen = new Set<string>();
  return (key) => {
    if (seen.has(key)) throw odd(`the key ${quoted(key)} stands twice`);
    if (seen.size >= MOST_KEYS) throw odd(`an object of more than ${MOST_KEYS} keys`);
    seen.add(key);
    const name = key === '' || /[.[\]]/.test(key) ? '?' : key;
    return path === '' ? name : `${path}.${name}`;
  };
}

function jsonScanner(source: ByteSource, file: string) {
  const window = openWindow(source, file, Number.POSITIVE_INFINITY);
  let at = 0;

  const odd = (what: string) =>
    rejected(
      `${file} is no JSON that can be read: ${what} at byte ${at}`,
      'Save the model again and upload the whole file.',
    );

  /** Steps over bytes until one is `done`, which stays; over it too where it is `inclusive`. */
  async function until(done: (byte: number) => boolean, limit = Number.POSITIVE_INFINITY) {
    const from = at;
    for (;;) {
      if (at >= source.sizeBytes) throw odd('the file ends');
      if (at - from > limit) throw odd(`a text of more than ${limit} bytes`);
      const end = Math.min(at + BLOCK_BYTES, source.sizeBytes);
      const coming = window.hold({ start: at, end });
      if (coming) await coming;
      for (; at < end; at++) if (done(window.at(at))) return;
    }
  }

  async function peek(): Promise<number> {
    await until((byte) => !WHITE_SPACE.has(byte));
    return window.at(at);
  }

  async function accept(byte: number): Promise<boolean> {
    if ((await peek()) !== byte) return false;
    at += 1;
    return true;
  }

  async function expect(byte: number): Promise<void> {
    if (await accept(byte)) return;
    throw odd(`${JSON.stringify(String.fromCharCode(byte))} is missing`);
  }

  async function text(): Promise<string> {
    const from = at;
    if (window.at(at) !== QUOTE) throw odd('a text is missing');
    at += 1;
    let isEscaped = false;
    await until((byte) => {
      const ends = byte === QUOTE && !isEscaped;
      isEscaped = byte === BACKSLASH && !isEscaped;
      return ends;
    }, LONGEST_TEXT);
    at += 1;
    return parsed(await window.slice({ start: from, end: at }));
  }

  async function scalar(): Promise<Scalar> {
    const from = at;
    await until((byte) => ENDS.has(byte), LONGEST_TEXT);
    const bytes = await window.slice({ start: from, end: at });
    const written = Buffer.from(bytes).toString('latin1');
    if (!SCALAR.test(written)) throw odd('a value is missing');
    const isWord = written === 'true' || written === 'false' || written === 'null';
    return isWord ? { true: true, false: false, null: null }[written] : Number(written);
  }

  function parsed(bytes: Uint8Array): string {
    try {
      return String(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
    } catch {
      throw odd('a text is damaged');
    }
  }

  /** A list of whole numbers, which a byte at a time would be the most of a walk. */
  async function numbers(): Promise<readonly number[]> {
    await expect(OPEN_LIST);
    const found: number[] = [];
    if (await accept(CLOSE_LIST)) return found;
    let [number, digits, sign, isOver] = [0, 0, 1, false];
    await until((byte) => {
      const isDigit = byte >= ZERO && byte <= NINE && digits < MOST_DIGITS && !isOver;
      if (isDigit && (digits === 0 || number > 0)) {
        number = 10 * number + byte - ZERO;
        digits += 1;
      } else if (byte === MINUS && digits === 0 && sign === 1) sign = -1;
      else if (WHITE_SPACE.has(byte) && (digits > 0 || sign === 1)) isOver = digits > 0;
      else if (digits > 0 && (byte === COMMA || byte === CLOSE_LIST)) {
        found.push(sign * number);
        [number, digits, sign, isOver] = [0, 0, 1, false];
        return byte === CLOSE_LIST;
      } else throw odd('a whole number is missing');
      return false;
    });
    await expect(CLOSE_LIST);
    return found;
  }

  /** Over a list or an object whatever is in it; answers how many that are. */
  async function pass(): Promise<number> {
    let depth = 0;
    let [commas, isEmpty] = [0, true];
    let isText = false;
    let isEscaped = false;
    await until((byte) => {
      if (isEmpty && depth === 1 && byte !== CLOSE_LIST) isEmpty = WHITE_SPACE.has(byte);
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
    });
    at += 1;
    return isEmpty ? 0 : commas + 1;
  }

  return { odd, peek, accept, expect, text, scalar, numbers, pass };
}
