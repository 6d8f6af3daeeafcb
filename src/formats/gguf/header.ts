import type { FittedTensor } from '#formats/bytes/tensor-prints.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { type GgufCursor, openCursor, RESAVE } from './cursor.ts';
import { type GgufTensors, readTensors } from './tensors.ts';
import { type GgufValue, readValue } from './values.ts';

/** Everything before the weights of a GGUF file. */
export type GgufHeader = {
  readonly version: number;
  readonly values: ReadonlyMap<string, GgufValue>;
  readonly tensors: GgufTensors;
  readonly fitted: readonly FittedTensor[];
};

const MAGIC = 0x46554747;
const VERSIONS: readonly number[] = [2, 3];
const MAX_VERSION = 0xffff;
const DEFAULT_ALIGNMENT = 32;
const MAX_KEYS = 10_000;
const MAX_TENSORS = 100_000;
const MAX_KEY_BYTES = 1024;
// The minimum size of an entry: in the metadata, a key of one letter and a value of one byte; among the tensors, a name without a shape.
const [KEY_BYTES, TENSOR_BYTES] = [8 + 1 + 4 + 1, 8 + 4 + 4 + 8];

/** Reads a GGUF file's description of itself, and checks it against the file. Fails with `ArtifactRejected`. */
export async function readGguf(source: ByteSource, file: string): Promise<GgufHeader> {
  const cursor = openCursor(source, file);
  const version = await readVersion(cursor, file);
  const tensorCount = await count(cursor, file, {
    what: 'tensors',
    most: MAX_TENSORS,
    each: TENSOR_BYTES,
  });
  const keyCount = await count(cursor, file, { what: 'keys', most: MAX_KEYS, each: KEY_BYTES });
  const values = await readValues(cursor, file, keyCount);
  const alignment = alignmentOf(values, file);
  const tensors = await readTensors(cursor, file, { count: tensorCount, alignment });
  const dataStart = Math.ceil(cursor.position / alignment) * alignment;
  const endsAt = dataStart + tensors.endsAt;
  if (tensors.endsAt > 0 && endsAt > source.sizeBytes) {
    throw rejected(
      `${file} is truncated: its tensors end at byte ${endsAt}; the file has ${source.sizeBytes}`,
      RESAVE,
    );
  }
  const fitted = tensors.places.map((place) => ({
    ...place,
    source,
    start: dataStart + place.start,
  }));
  return { version, values, tensors, fitted };
}

async function readVersion(cursor: GgufCursor, file: string): Promise<number> {
  if ((await cursor.u32('its first word')) !== MAGIC) {
    throw rejected(`${file} is not a GGUF file: it does not begin with GGUF`, RESAVE);
  }
  const version = await cursor.u32('its version');
  if (VERSIONS.includes(version)) return version;
  if (version > MAX_VERSION) {
    throw rejected(
      `${file} is a GGUF file for big-endian machines; only little-endian ones are served`,
      "Convert it with llama.cpp's gguf_convert_endian.py.",
    );
  }
  throw rejected(
    `${file} has GGUF version ${version}; this version serves ${VERSIONS.join(' and ')}`,
    RESAVE,
  );
}

type Limit = { readonly what: string; readonly most: number; readonly each: number };

async function count(cursor: GgufCursor, file: string, limit: Limit): Promise<number> {
  const { what, most, each } = limit;
  const number = await cursor.u64(`the number of ${what}`);
  if (number <= most && number * each <= cursor.left) return number;
  throw rejected(
    `${file} announces ${number} ${what} in ${cursor.left} bytes; the limit is ${most}, of ${each} bytes or more each`,
    RESAVE,
  );
}

async function readValues(
  cursor: GgufCursor,
  file: string,
  keys: number,
): Promise<ReadonlyMap<string, GgufValue>> {
  const values = new Map<string, GgufValue>();
  for (let index = 0; index < keys; index += 1) {
    const key = await cursor.text(`key ${index} of its metadata`, MAX_KEY_BYTES);
    if (values.has(key)) {
      throw rejected(`${file} is damaged: its key ${quoted(key)} is there twice`, RESAVE);
    }
    values.set(key, await readValue(cursor, file, key));
  }
  return values;
}

function alignmentOf(values: ReadonlyMap<string, GgufValue>, file: string): number {
  const given = values.get('general.alignment') ?? DEFAULT_ALIGNMENT;
  const isPower =
    typeof given === 'number' &&
    Number.isInteger(given) &&
    given > 0 &&
    given < 2 ** 31 &&
    (given & (given - 1)) === 0;
  if (isPower) return given;
  throw rejected(
    `${file} is damaged: its general.alignment is ${JSON.stringify(given)}, which is not a power of 2`,
    RESAVE,
  );
}
