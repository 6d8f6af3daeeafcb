import { rejected } from '#formats/rejected.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { openWindow } from './byte-window.ts';
import { keysOf, LONGEST_TEXT, MAX_WALK_DEPTH, type Scalar, type Visitor } from './json-walk.ts';

/** Bytes of a value by the letter of its type, and how its number is read. */
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

/** A list's or object's own words on what is in it. */
type Shape = { readonly type: string | undefined; readonly count: number | undefined };

/**
 * Walks UBJSON in its order; a list of numbers of one type is passed over unread.
 * Fails with `ArtifactRejected` at the byte where the file is none.
 */
export async function walkUbjson(
  source: ByteSource,
  file: string,
  visitor: Visitor,
): Promise<void> {
  const window = openWindow(source, file, Number.POSITIVE_INFINITY);
  let at = 0;

  const odd = (what: string) =>
    rejected(
      `${file} is no UBJSON that can be read: ${what} at byte ${at}`,
      'Save the model again and upload the whole file.',
    );

  async function take(length: number): Promise<DataView> {
    const end = at + length;
    if (!(end <= source.sizeBytes)) throw odd('the file ends');
    const bytes = await window.slice({ start: at, end });
    at = end;
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  async function letter(): Promise<string> {
    return String.fromCharCode((await take(1)).getUint8(0));
  }

  async function accept(wanted: string): Promise<boolean> {
    if (at >= source.sizeBytes) throw odd('the file ends');
    if ((await letter()) === wanted) return true;
    at -= 1;
    return false;
  }

  async function count(): Promise<number> {
    const type = await letter();
    const kind = KINDS[type];
    const value = kind && COUNTS.includes(type) ? kind.read(await take(kind.bytes), 0) : undefined;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    throw odd('a length is missing');
  }

  async function text(): Promise<string> {
    const length = await count();
    if (length > LONGEST_TEXT) throw odd(`a text of more than ${LONGEST_TEXT} bytes`);
    const bytes = await take(length);
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      throw odd('a text is damaged');
    }
  }

  async function shape(): Promise<Shape> {
    const type = (await accept('$')) ? await letter() : undefined;
    const isCounted = await accept('#');
    if (type !== undefined && !isCounted) throw odd('a length is missing');
    return { type, count: isCounted ? await count() : undefined };
  }

  /** `seen` is undefined where nobody looks. */
  async function value(
    type: string,
    path: string,
    depth: number,
    seen: Visitor | undefined,
  ): Promise<void> {
    if (type === '[') return list(path, depth, seen);
    if (type === '{') return object(path, depth, seen);
    const kind = KINDS[type];
    const found = kind ? kind.read(await take(kind.bytes), 0) : await other(type);
    seen?.value(path, found);
  }

  async function other(type: string): Promise<string> {
    if (type === 'S' || type === 'H') return text();
    at -= 1;
    throw odd('a value is missing');
  }

  async function list(path: string, depth: number, seen: Visitor | undefined): Promise<void> {
    if (depth >= MAX_WALK_DEPTH) throw odd('values nested too deeply');
    const wish = seen?.enter(path);
    const given = await shape();
    if (wish === 'numbers') return seen?.numbers(path, await numbers(given));
    const inner = wish === 'walk' ? seen : undefined;
    const items = await itemsOf(given, path, depth, inner);
    if (wish === 'count') seen?.counted(path, items);
  }

  /** Answers how many there are; those of one type are passed over unread where nobody looks. */
  async function itemsOf(
    given: Shape,
    path: string,
    depth: number,
    seen: Visitor | undefined,
  ): Promise<number> {
    const width = KINDS[given.type ?? '']?.bytes;
    if (width !== undefined && !seen) {
      at += (given.count ?? 0) * width;
      return given.count ?? 0;
    }
    const left = counter(given, ']');
    let items = 0;
    for (; await left(); items += 1) {
      await value(given.type ?? (await letter()), `${path}[]`, depth + 1, seen);
    }
    return items;
  }

  /** A list of whole numbers; one of a single type is read at once. */
  async function numbers(given: Shape): Promise<readonly number[]> {
    const { type, count: total } = given;
    const found: number[] = [];
    if (type === undefined || total === undefined) {
      const left = counter(given, ']');
      while (await left()) found.push(whole(await scalar(type ?? (await letter()))));
      return found;
    }
    const { bytes: width, read } = kindOf(type);
    for (let left = total; left > 0; left -= NUMBERS_AT_ONCE) {
      const view = await take(Math.min(left, NUMBERS_AT_ONCE) * width);
      for (let place = 0; place < view.byteLength; place += width) {
        found.push(whole(read(view, place)));
      }
    }
    return found;
  }

  async function scalar(type: string): Promise<Scalar> {
    const { bytes, read } = kindOf(type);
    return read(await take(bytes), 0);
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

  async function object(path: string, depth: number, seen: Visitor | undefined): Promise<void> {
    if (depth >= MAX_WALK_DEPTH) throw odd('values nested too deeply');
    const wish = seen?.enter(path);
    if (wish === 'numbers' || wish === 'count') throw odd('a list is missing');
    const given = await shape();
    const left = counter(given, '}');
    const keys = keysOf(path, odd);
    while (await left()) {
      const inside = keys(await text());
      const inner = wish === 'walk' ? seen : undefined;
      await value(given.type ?? (await letter()), inside, depth + 1, inner);
    }
  }

  // A million values of no bytes would be written in ten.
  function counter({ type, count: total }: Shape, end: string): () => Promise<boolean> {
    if (total === undefined) return async () => !(await accept(end));
    if (total > source.sizeBytes && KINDS[type ?? '']?.bytes !== 0) throw odd('the file ends');
    if (KINDS[type ?? '']?.bytes === 0) throw odd('a list of nothing');
    let left = total;
    return async () => left-- > 0;
  }

  await value(await letter(), '', 0, visitor);
}
