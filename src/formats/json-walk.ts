import type { ByteSource } from '#ports/artifact-store.ts';
import { openWindow } from './byte-window.ts';
import { rejected } from './rejected.ts';

export type Scalar = string | number | boolean | null;

/**
 * What a walk over nested values meets, by its path: `learner.feature_names[]` is any item of that list.
 * `enter` says what to do with a list or an object: go into it, pass over it unread where that can be, or end the walk.
 */
export type Visitor = {
  enter(path: string): 'walk' | 'skip' | 'stop';
  value(path: string, value: Scalar): void;
};

/** Where a walk begins when it is not at the file's start: behind a key's place in the object at `path`. */
export type WalkStart = { readonly at: number; readonly path: string };

export const MAX_WALK_DEPTH = 64;
export const MAX_WALK_VALUES = 1_000_000;
export const MAX_WALK_BYTES: number = 256 * 2 ** 20;
export const LONGEST_TEXT: number = 64 * 1024;

const BLOCK_BYTES = 4096;
const WHITE_SPACE: ReadonlySet<number> = new Set([0x20, 0x0a, 0x0d, 0x09]);
const SCALAR = /^(true|false|null|-?\d+(\.\d+)?([eE][-+]?\d+)?|-?Infinity|NaN)$/;
const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const ENDS: ReadonlySet<number> = new Set([...WHITE_SPACE, COMMA, CLOSE_LIST, CLOSE_OBJECT]);

/** Walks JSON of any size in its order, holding no more than a window of it. Fails with `ArtifactRejected` at the byte where it is none. */
export async function walkJson(
  source: ByteSource,
  file: string,
  visitor: Visitor,
  start?: WalkStart,
): Promise<void> {
  const scanner = jsonScanner(source, file, start?.at ?? 0);

  let values = 0;

  /** False once the walk is over. */
  async function value(path: string, depth: number): Promise<boolean> {
    values += 1;
    if (values > MAX_WALK_VALUES) throw scanner.odd(`more than ${MAX_WALK_VALUES} values`);
    const first = await scanner.peek();
    if (first !== OPEN_LIST && first !== OPEN_OBJECT) {
      visitor.value(path, first === QUOTE ? await scanner.text() : await scanner.scalar());
      return true;
    }
    const wish = visitor.enter(path);
    if (wish === 'stop') return false;
    if (wish === 'skip') {
      await scanner.pass();
      return true;
    }
    if (depth >= MAX_WALK_DEPTH) throw scanner.odd('values nested too deeply');
    await scanner.expect(first);
    return first === OPEN_LIST ? items(path, depth) : members(path, depth);
  }

  async function items(path: string, depth: number): Promise<boolean> {
    if (await scanner.accept(CLOSE_LIST)) return true;
    do {
      if (!(await value(`${path}[]`, depth + 1))) return false;
    } while (await scanner.accept(COMMA));
    await scanner.expect(CLOSE_LIST);
    return true;
  }

  async function members(path: string, depth: number): Promise<boolean> {
    if (await scanner.accept(CLOSE_OBJECT)) return true;
    do {
      await scanner.peek();
      const key = await scanner.text();
      await scanner.expect(COLON);
      if (!(await value(path === '' ? key : `${path}.${key}`, depth + 1))) return false;
    } while (await scanner.accept(COMMA));
    await scanner.expect(CLOSE_OBJECT);
    return true;
  }

  if (!start) return void (await value('', 0));
  for (let path = start.path; await members(path, 1); path = path.replace(/\.?[^.]*$/, '')) {
    if (path === '' || !(await scanner.accept(COMMA))) return;
  }
}

function jsonScanner(source: ByteSource, file: string, start: number) {
  const window = openWindow(source, file, MAX_WALK_BYTES);
  let at = start;

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

  /** Over a list or an object whatever is in it. */
  async function pass(): Promise<void> {
    let depth = 0;
    let isText = false;
    let isEscaped = false;
    await until((byte) => {
      if (isText) {
        if (byte === QUOTE && !isEscaped) isText = false;
        isEscaped = byte === BACKSLASH && !isEscaped;
        return false;
      }
      if (byte === QUOTE) isText = true;
      else if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth += 1;
      else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth -= 1;
      return depth === 0;
    });
    at += 1;
  }

  return { odd, peek, accept, expect, text, scalar, pass };
}
