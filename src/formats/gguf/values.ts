import { createHash } from 'node:crypto';
import { quoted, rejected } from '#formats/rejected.ts';
import { type GgufCursor, RESAVE } from './cursor.ts';

/** A value of the metadata, if its kind is kept; of a list, its length, and its numbers where they are few. A list or a long text of the tokenizer has its sha256 too, and a list of numbers its numbers one by one. */
export type GgufValue =
  | string
  | number
  | boolean
  | {
      readonly length: number;
      readonly numbers: readonly number[];
      readonly sha256?: string;
      readonly at?: (index: number) => number | undefined;
    }
  | { readonly textBytes: number; readonly sha256?: string };

// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md#file-structure
const [BOOL, TEXT, LIST] = [7, 8, 9] as const;

type NumberType = { readonly bytes: number; readonly read: (view: DataView, at: number) => number };

const NUMBERS: Readonly<Record<number, NumberType>> = {
  0: { bytes: 1, read: (view, at) => view.getUint8(at) },
  1: { bytes: 1, read: (view, at) => view.getInt8(at) },
  2: { bytes: 2, read: (view, at) => view.getUint16(at, true) },
  3: { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  4: { bytes: 4, read: (view, at) => view.getUint32(at, true) },
  5: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  6: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  [BOOL]: { bytes: 1, read: (view, at) => view.getUint8(at) },
  10: { bytes: 8, read: (view, at) => Number(view.getBigUint64(at, true)) },
  11: { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  12: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
};

// The largest tokenizers have half a million tokens and as many merges.
const MAX_TEXTS = 4_000_000;
const MAX_KEPT_NUMBERS = 1024;
const MAX_KEPT_BYTES = 1024;
// The longest chat templates have 30 KB, and the scores of half a million tokens 2 MB.
const MAX_DIGESTED_BYTES = 16 * 2 ** 20;
const DIGESTED = /^tokenizer\./;

/** Reads the value of a key; a long value is skipped, and only its length is kept, unless it is of the tokenizer. */
export async function readValue(
  cursor: GgufCursor,
  file: string,
  name: string,
): Promise<GgufValue> {
  const key = quoted(name);
  const isDigested = DIGESTED.test(name);
  const type = await cursor.u32(key);
  if (type === TEXT) return readText(cursor, { key, isDigested });
  if (type === LIST) return readList(cursor, file, { key, isDigested });
  const { bytes, read } = numberType(type, file, key);
  const value = read(await cursor.take(bytes, key), 0);
  return type === BOOL ? value !== 0 : value;
}

type Read = { readonly key: string; readonly isDigested: boolean };

async function readText(cursor: GgufCursor, { key, isDigested }: Read): Promise<GgufValue> {
  const textBytes = await cursor.u64(key);
  if (textBytes > MAX_KEPT_BYTES) {
    return { textBytes, ...(await digested(cursor, textBytes, { key, isDigested })) };
  }
  const view = await cursor.take(textBytes, key);
  return new TextDecoder().decode(view);
}

async function readList(
  cursor: GgufCursor,
  file: string,
  { key, isDigested }: Read,
): Promise<GgufValue> {
  const type = await cursor.u32(key);
  const length = await cursor.u64(key);
  if (type === LIST) {
    throw rejected(`${file} is damaged: ${key} is a list of lists, which GGUF has none of`, RESAVE);
  }
  if (type === TEXT) {
    if (length > MAX_TEXTS) {
      throw rejected(
        `${file} is damaged: ${key} has ${length} texts; the limit is ${MAX_TEXTS}`,
        RESAVE,
      );
    }
    const hash = createHash('sha256');
    await cursor.passTexts(length, key, isDigested ? (bytes) => hash.update(bytes) : undefined);
    return { length, numbers: [], ...(isDigested && { sha256: hash.digest('hex') }) };
  }
  const { bytes, read } = numberType(type, file, key);
  const isKept = length <= MAX_KEPT_NUMBERS;
  if (!isKept && !(isDigested && length * bytes <= MAX_DIGESTED_BYTES)) {
    cursor.skip(length * bytes, key);
    return { length, numbers: [] };
  }
  const view = await cursor.take(length * bytes, key);
  const numbers = isKept ? Array.from({ length }, (_, at) => read(view, at * bytes)) : [];
  if (!isDigested) return { length, numbers };
  const copy = new DataView(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
  const at = (index: number) => (index < length ? read(copy, index * bytes) : undefined);
  return { length, numbers, sha256: sha256(view), at };
}

/** Skips the bytes of a text, or reads them for their digest. */
async function digested(
  cursor: GgufCursor,
  bytes: number,
  { key, isDigested }: Read,
): Promise<{ readonly sha256?: string }> {
  if (isDigested && bytes <= MAX_DIGESTED_BYTES) {
    return { sha256: sha256(await cursor.take(bytes, key)) };
  }
  cursor.skip(bytes, key);
  return {};
}

function sha256(view: DataView): string {
  return createHash('sha256').update(view).digest('hex');
}

function numberType(type: number, file: string, key: string): NumberType {
  const found = NUMBERS[type];
  if (found) return found;
  throw rejected(`${file} is damaged: ${key} has the type ${type}, which GGUF has none of`, RESAVE);
}
