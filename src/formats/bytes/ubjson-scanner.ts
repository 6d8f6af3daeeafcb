import { rejected } from '#formats/rejected.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { openWindow } from './byte-window.ts';
import { knownTexts } from './known-texts.ts';
import { LONGEST_TEXT, type Scalar, type Walk } from './walk.ts';

/** The size of a value of one type letter, and how to read its number. */
type Kind = { readonly bytes: number; readonly read: (view: DataView, at: number) => Scalar };

const KINDS: Readonly<Record<string, Kind>> = {
  Z: { bytes: 0, read: () => null },
  T: { bytes: 0, read: () => true },
  F: { bytes: 0, read: () => false },
  C: { bytes: 1, read: (view, at) => String.fromCharCode(view.getUint8(at)) },
  U: { bytes: 1, read: (view, at) => view.getUint8(at) },
  i: { bytes: 1, read: (view, at) => view.getInt8(at) },
  I: { bytes: 2, read: (view, at) => view.getInt16(at) },
  l: { bytes: 4, read: (view, at) => view.getInt32(at) },
  L: { bytes: 8, read: (view, at) => Number(view.getBigInt64(at)) },
  d: { bytes: 4, read: (view, at) => view.getFloat32(at) },
  D: { bytes: 8, read: (view, at) => view.getFloat64(at) },
};
const COUNTS = 'UiIlL';
const NUMBERS_AT_ONCE = 4096;
// A string after its length; type letters and list lengths take less.
const LONGEST_TOKEN = LONGEST_TEXT + 64;
const decoder = new TextDecoder('utf-8', { fatal: true });

/** The item type and count that a list or object declares. */
export type Shape = { readonly type: string | undefined; readonly count: number | undefined };

/**
 * The tokens of UBJSON, in order. A token can be read once `isReady` is true; else the caller waits for `more`.
 * Only a list of numbers that is read at once waits by itself.
 */
export function ubjsonScanner(source: ByteSource, file: string) {
  const window = openWindow(source, file, Number.POSITIVE_INFINITY);
  const textOf = knownTexts();
  let at = 0;
  // A local copy of the window's bounds, which is faster per byte, and the last position at which a whole token is in the window.
  let { held, from } = window;
  let view = new DataView(held.buffer);
  let readyUntil = -1;

  const odd = (what: string) =>
    rejected(
      `${file} is not readable UBJSON: ${what} at byte ${at}`,
      'Save the model again and upload the whole file.',
    );

  /** Whether the next token is in the window whatever its length. */
  const isReady = () => at <= readyUntil || at >= source.sizeBytes;

  function* more(): Walk<void> {
    yield window.hold({ start: at, end: Math.min(at + LONGEST_TOKEN, source.sizeBytes) });
    ({ held, from } = window);
    view = new DataView(held.buffer, held.byteOffset, held.byteLength);
    readyUntil = window.until < source.sizeBytes ? window.until - LONGEST_TOKEN : source.sizeBytes;
  }

  /** Advances by `length` bytes and returns their offset in the window. */
  function take(length: number): number {
    if (!(at + length <= source.sizeBytes)) throw odd('the file ends');
    const place = at - from;
    at += length;
    return place;
  }

  function letter(): string {
    return String.fromCharCode(view.getUint8(take(1)));
  }

  function accept(wanted: string): boolean {
    if (letter() === wanted) return true;
    at -= 1;
    return false;
  }

  function count(): number {
    const type = letter();
    const kind = KINDS[type];
    const value = kind && COUNTS.includes(type) ? read(kind) : undefined;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    throw odd('a length is missing');
  }

  const read = ({ bytes, read }: Kind): Scalar => read(view, take(bytes));

  function text(): string {
    const length = count();
    if (length > LONGEST_TEXT) throw odd(`a text of more than ${LONGEST_TEXT} bytes`);
    const start = take(length);
    return textOf(held, { start, end: start + length }, decoded);
  }

  function decoded(bytes: Uint8Array): string {
    try {
      return decoder.decode(bytes);
    } catch {
      throw odd('a text is damaged');
    }
  }

  function value(type: string): Scalar {
    const kind = KINDS[type];
    if (kind) return read(kind);
    if (type === 'S' || type === 'H') return text();
    at -= 1;
    throw odd('a value is missing');
  }

  function shape(): Shape {
    const type = accept('$') ? letter() : undefined;
    const isCounted = accept('#');
    if (type !== undefined && !isCounted) throw odd('a length is missing');
    return { type, count: isCounted ? count() : undefined };
  }

  /** Skips a list of fixed-size items and returns their count; undefined for any other list. */
  function pass({ type, count: total = 0 }: Shape): number | undefined {
    const width = KINDS[type ?? '']?.bytes;
    if (width === undefined) return undefined;
    at += total * width;
    if (at > source.sizeBytes) throw odd('the file ends');
    return total;
  }

  /** A list of integers; one with a single type is read at once. */
  function* numbers(given: Shape): Walk<readonly number[]> {
    const { type, count: total } = given;
    const found: number[] = [];
    if (type === undefined || total === undefined) {
      const left = counter(given, ']');
      for (;;) {
        if (!isReady()) yield* more();
        if (!left()) return found;
        found.push(whole(read(kindOf(type ?? letter()))));
      }
    }
    const { bytes: width, read: readAt } = kindOf(type);
    for (let left = total; left > 0; left -= NUMBERS_AT_ONCE) {
      if (!isReady()) yield* more();
      const some = Math.min(left, NUMBERS_AT_ONCE);
      const start = take(some * width);
      for (let item = 0; item < some; item += 1) {
        found.push(whole(readAt(view, start + item * width)));
      }
    }
    return found;
  }

  /** Shows the bytes of a list of numbers of one type; returns how many numbers there are. */
  function* show(
    { type, count: total = 0 }: Shape,
    see: (bytes: Uint8Array) => void,
  ): Walk<number> {
    const width = KINDS[type ?? '']?.bytes ?? 0;
    for (let left = total; left > 0; left -= NUMBERS_AT_ONCE) {
      if (!isReady()) yield* more();
      const length = Math.min(left, NUMBERS_AT_ONCE) * width;
      const start = take(length);
      see(held.subarray(start, start + length));
    }
    return total;
  }

  /** Whether a list has numbers of one type, which lie in the file one after another. */
  function isPacked({ type, count: total }: Shape): boolean {
    return total !== undefined && (KINDS[type ?? '']?.bytes ?? 0) > 0;
  }

  function kindOf(type: string): Kind {
    const kind = KINDS[type];
    if (kind && COUNTS.includes(type)) return kind;
    throw odd('a whole number is missing');
  }

  function whole(value: Scalar): number {
    if (Number.isSafeInteger(value)) return Number(value);
    throw odd('a whole number is missing');
  }

  // Ten bytes could declare a million values of zero size.
  function counter({ type, count: total }: Shape, end: string): () => boolean {
    if (total === undefined) return () => !accept(end);
    if (total > source.sizeBytes && KINDS[type ?? '']?.bytes !== 0) throw odd('the file ends');
    if (KINDS[type ?? '']?.bytes === 0) throw odd('a list of nothing');
    let left = total;
    return () => left-- > 0;
  }

  return { odd, isReady, more, letter, text, value, shape, pass, numbers, show, isPacked, counter };
}
