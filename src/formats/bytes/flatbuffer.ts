import { rejected } from '#formats/rejected.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import type { Span } from './byte-window.ts';

/** A flatbuffer table; an absent field is undefined, which means the format's default. */
export type FlatTable = {
  number(field: number): Promise<number | undefined>;
  byte(field: number): Promise<number | undefined>;
  text(field: number): Promise<string | undefined>;
  texts(field: number): Promise<readonly string[]>;
  table(field: number): Promise<FlatTable | undefined>;
  /** The length of a list; 0 when it is absent. */
  length(field: number): Promise<number>;
  /** A list of 32-bit integers, or of structures of `each` such integers. */
  numbers(field: number, each?: number): Promise<readonly number[]>;
  tables(field: number): Promise<readonly FlatTable[]>;
  /** The position of a list of bytes in the file; the bytes are not read. */
  span(field: number): Promise<Span | undefined>;
  /** The bytes of such a list, at most `most` of them. */
  bytes(field: number, most: number): Promise<Buffer | undefined>;
};

const PAGE_BYTES = 64 * 1024;
const HELD_PAGES = 128;
const MAX_PAGES = 2048;
const MAX_ITEMS = 100_000;
const MAX_TEXT_BYTES = 4 * 2 ** 20;
const MAX_HANDED_BYTES = 64 * 2 ** 20;
const LEAST_BYTES = 16;
const NUMBERS_AT_ONCE = 4096;

/**
 * The root table of a flatbuffer that takes up `sizeBytes` of a file from `start`, over ranged reads.
 * Fails with `ArtifactRejected` when an offset leaves the flatbuffer, or when reading it would take too long.
 */
export async function openFlatbuffer(
  source: ByteSource,
  file: string,
  { start, sizeBytes }: { readonly start: number; readonly sizeBytes: number },
): Promise<FlatTable> {
  const pages = new Map<number, Uint8Array>();
  let loaded = 0;
  let handedBytes = 0;

  const odd = (what: string) =>
    rejected(`${file} is damaged: ${what}`, 'Save the model again and upload the whole file.');

  async function page(index: number): Promise<Uint8Array> {
    const known = pages.get(index);
    if (known) return known;
    loaded += 1;
    if (loaded > MAX_PAGES) throw odd('it points to and fro without end');
    const oldest = pages.keys().next();
    if (pages.size >= HELD_PAGES && !oldest.done) pages.delete(oldest.value);
    const bytes = await source.read(start + index * PAGE_BYTES, PAGE_BYTES);
    pages.set(index, bytes);
    return bytes;
  }

  async function bytesAt(at: number, length: number): Promise<Buffer> {
    if (!(at >= 0 && at + length <= sizeBytes)) throw odd('it points outside itself');
    handedBytes += Math.max(length, LEAST_BYTES);
    if (handedBytes > MAX_HANDED_BYTES) throw odd('it points to the same again and again');
    const first = Math.floor(at / PAGE_BYTES);
    const last = Math.floor((at + length - 1) / PAGE_BYTES);
    const parts: Uint8Array[] = [];
    for (let index = first; index <= last; index++) parts.push(await page(index));
    const [only] = parts;
    const joined =
      only && parts.length === 1
        ? Buffer.from(only.buffer, only.byteOffset, only.byteLength)
        : Buffer.concat(parts);
    const from = at - first * PAGE_BYTES;
    if (joined.length < from + length) throw odd('it is truncated');
    return joined.subarray(from, from + length);
  }

  const u16 = async (at: number) => (await bytesAt(at, 2)).readUInt16LE();
  const u32 = async (at: number) => (await bytesAt(at, 4)).readUInt32LE();
  const i32 = async (at: number) => (await bytesAt(at, 4)).readInt32LE();
  const target = async (at: number) => at + (await u32(at));

  async function textAt(at: number): Promise<string> {
    const length = await u32(at);
    if (length > MAX_TEXT_BYTES) throw odd(`it has a text of ${length} bytes`);
    return length === 0 ? '' : (await bytesAt(at + 4, length)).toString('utf8');
  }

  async function tableAt(at: number): Promise<FlatTable> {
    const vtable = at - (await i32(at));
    const vtableBytes = await u16(vtable);
    if (vtableBytes % 2 === 1) throw odd('it has half a field');

    async function place(field: number): Promise<number | undefined> {
      const entry = 4 + 2 * field;
      if (entry + 2 > vtableBytes) return undefined;
      const offset = await u16(vtable + entry);
      return offset === 0 ? undefined : at + offset;
    }
    const pointed = async (field: number) => {
      const found = await place(field);
      return found === undefined ? undefined : target(found);
    };

    async function items<Item>(field: number, itemAt: (at: number) => Promise<Item>) {
      const list = await pointed(field);
      const length = list === undefined ? 0 : await u32(list);
      if (list === undefined) return [];
      if (length > MAX_ITEMS) throw odd(`it has a list of ${length} parts`);
      const found: Item[] = [];
      for (let item = 0; item < length; item++) {
        found.push(await itemAt(await target(list + 4 + 4 * item)));
      }
      return found;
    }

    return {
      async number(field) {
        const found = await place(field);
        return found === undefined ? undefined : i32(found);
      },
      async byte(field) {
        const found = await place(field);
        return found === undefined ? undefined : (await bytesAt(found, 1)).readUInt8();
      },
      async text(field) {
        const found = await pointed(field);
        return found === undefined ? undefined : textAt(found);
      },
      texts: (field) => items(field, textAt),
      async table(field) {
        const found = await pointed(field);
        return found === undefined ? undefined : tableAt(found);
      },
      async length(field) {
        const found = await pointed(field);
        return found === undefined ? 0 : u32(found);
      },
      async numbers(field, each = 1) {
        const list = await pointed(field);
        const length = list === undefined ? 0 : each * (await u32(list));
        const found: number[] = [];
        while (list !== undefined && found.length < length) {
          const some = Math.min(length - found.length, NUMBERS_AT_ONCE);
          const bytes = await bytesAt(list + 4 + 4 * found.length, 4 * some);
          for (let at = 0; at < bytes.length; at += 4) found.push(bytes.readInt32LE(at));
        }
        return found;
      },
      tables: (field) => items(field, tableAt),
      async bytes(field, most) {
        const list = await pointed(field);
        return list === undefined ? undefined : bytesAt(list + 4, Math.min(await u32(list), most));
      },
      async span(field) {
        const list = await pointed(field);
        if (list === undefined) return undefined;
        const begin = list + 4;
        const end = begin + (await u32(list));
        if (end > sizeBytes) throw odd('it points outside itself');
        return { start: start + begin, end: start + end };
      },
    };
  }

  return tableAt(await target(0));
}
