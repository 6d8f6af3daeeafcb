import type { ByteSource } from '#ports/artifact-store.ts';
import { openWindow } from './byte-window.ts';
import {
  LONGEST_TEXT,
  MAX_WALK_BYTES,
  MAX_WALK_DEPTH,
  MAX_WALK_VALUES,
  type Scalar,
  type Visitor,
  type WalkStart,
} from './json-walk.ts';
import { rejected } from './rejected.ts';

/** Bytes of a value by the letter of its type, and how its number is read. */
type Kind = { readonly bytes: number; readonly read: (view: DataView) => Scalar };

const KINDS: Readonly<Record<string, Kind>> = {
  Z: { bytes: 0, read: () => null },
  T: { bytes: 0, read: () => true },
  F: { bytes: 0, read: () => false },
  C: { bytes: 1, read: (view) => String.fromCharCode(view.getUint8(0)) },
  U: { bytes: 1, read: (view) => view.getUint8(0) },
  i: { bytes: 1, read: (view) => view.getInt8(0) },
  I: { bytes: 2, read: (view) => view.getInt16(0) },
  l: { bytes: 4, read: (view) => view.getInt32(0) },
  L: { bytes: 8, read: (view) => Number(view.getBigInt64(0)) },
  d: { bytes: 4, read: (view) => view.getFloat32(0) },
  D: { bytes: 8, read: (view) => view.getFloat64(0) },
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
  start?: WalkStart,
): Promise<void> {
  const window = openWindow(source, file, MAX_WALK_BYTES);
  let at = start?.at ?? 0;
  let values = 0;

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
    const value = kind && COUNTS.includes(type) ? kind.read(await take(kind.bytes)) : undefined;
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

  /** False once the walk is over. `seen` is undefined where nobody looks. */
  async function value(
    type: string,
    path: string,
    depth: number,
    seen: Visitor | undefined,
  ): Promise<boolean> {
    values += 1;
    if (values > MAX_WALK_VALUES) throw odd(`more than ${MAX_WALK_VALUES} values`);
    if (type === '[' || type === '{') return container(type, path, depth, seen);
    const kind = KINDS[type];
    const found = kind ? kind.read(await take(kind.bytes)) : await other(type);
    seen?.value(path, found);
    return true;
  }

  async function other(type: string): Promise<string> {
    if (type === 'S' || type === 'H') return text();
    at -= 1;
    throw odd('a value is missing');
  }

  async function container(
    type: '[' | '{',
    path: string,
    depth: number,
    seen: Visitor | undefined,
  ): Promise<boolean> {
    if (depth >= MAX_WALK_DEPTH) throw odd('values nested too deeply');
    const wish = seen?.enter(path) ?? 'skip';
    if (wish === 'stop') return false;
    const inner = wish === 'walk' ? seen : undefined;
    const given = await shape();
    const width = KINDS[given.type ?? '']?.bytes;
    if (type === '[' && width !== undefined && !inner) {
      at += (given.count ?? 0) * width;
      return true;
    }
    return type === '[' ? items(given, path, depth, inner) : members(given, path, depth, inner);
  }

  async function items(
    given: Shape,
    path: string,
    depth: number,
    seen: Visitor | undefined,
  ): Promise<boolean> {
    const left = counter(given, ']');
    if (seen && given.count !== undefined && (await numbers(given, `${path}[]`, seen))) return true;
    while (await left()) {
      if (!(await value(given.type ?? (await letter()), `${path}[]`, depth + 1, seen)))
        return false;
    }
    return true;
  }

  /** A list of numbers of one type is read at once; false where it is none. */
  async function numbers({ type, count = 0 }: Shape, path: string, seen: Visitor) {
    const kind = KINDS[type ?? ''];
    if (!kind || kind.bytes === 0) return false;
    for (let left = count; left > 0; ) {
      const some = Math.min(left, NUMBERS_AT_ONCE);
      const view = await take(some * kind.bytes);
      for (let at = 0; at < some; at += 1) {
        seen.value(path, kind.read(new DataView(view.buffer, view.byteOffset + at * kind.bytes)));
      }
      left -= some;
    }
    return true;
  }

  async function members(
    given: Shape,
    path: string,
    depth: number,
    seen: Visitor | undefined,
  ): Promise<boolean> {
    const left = counter(given, '}');
    while (await left()) {
      const key = await text();
      const inside = path === '' ? key : `${path}.${key}`;
      if (!(await value(given.type ?? (await letter()), inside, depth + 1, seen))) return false;
    }
    return true;
  }

  // A million values of no bytes would be written in ten.
  function counter({ type, count: total }: Shape, end: string): () => Promise<boolean> {
    if (total === undefined) return async () => !(await accept(end));
    if (total > source.sizeBytes && KINDS[type ?? '']?.bytes !== 0) throw odd('the file ends');
    if (KINDS[type ?? '']?.bytes === 0) throw odd('a list of nothing');
    let left = total;
    return async () => left-- > 0;
  }

  if (!start) return void (await value(await letter(), '', 0, visitor));
  const open: Shape = { type: undefined, count: undefined };
  for (let path = start.path; await members(open, path, 1, visitor); ) {
    if (path === '') return;
    path = path.replace(/\.?[^.]*$/, '');
  }
}
