import { badArchive } from './names.ts';

/** Reads a record's little-endian numbers in order. */
export type Fields = {
  u16(): number;
  u32(): number;
  u64(): number;
  bytes(length: number): Uint8Array;
};

/** The caller has checked that the record is long enough; a number above 2^53 reads as Infinity. */
export function fieldsOf(record: Uint8Array): Fields {
  const view = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  let at = 0;
  const past = (length: number) => {
    at += length;
    return at - length;
  };
  return {
    u16: () => view.readUInt16LE(past(2)),
    u32: () => view.readUInt32LE(past(4)),
    u64: () => {
      const value = view.readBigUInt64LE(past(8));
      return value <= Number.MAX_SAFE_INTEGER ? Number(value) : Number.POSITIVE_INFINITY;
    },
    bytes: (length) => record.subarray(past(length), at),
  };
}

/** The marker in a 32-bit field whose value is in a 64-bit field. */
export const ELSEWHERE = 0xffffffff;
export const ELSEWHERE_16 = 0xffff;

const ZIP64 = 0x0001;
const UNICODE_PATH = 0x7075;
const HEADER_BYTES = 4;

/** An entry's extra fields by id. Fails with `ArtifactRejected` when one is truncated, or when another reader may prefer one. */
export function extraFields(extra: Uint8Array, archive: string): ReadonlyMap<number, Uint8Array> {
  const known = new Map<number, Uint8Array>();
  for (let at = 0; at < extra.length; ) {
    const rest = extra.subarray(at);
    if (rest.length < HEADER_BYTES) throw badArchive(archive, 'has a truncated extra field');
    const fields = fieldsOf(rest);
    const id = fields.u16();
    const length = fields.u16();
    if (HEADER_BYTES + length > rest.length) {
      throw badArchive(archive, 'has an extra field that is longer than all of them together');
    }
    if (known.has(id) && (id === ZIP64 || id === UNICODE_PATH)) {
      throw badArchive(archive, 'gives an extra field twice');
    }
    known.set(id, fields.bytes(length));
    at += HEADER_BYTES + length;
  }
  if (known.has(UNICODE_PATH)) throw badArchive(archive, 'gives an entry a second name');
  return known;
}

/**
 * An entry's 32-bit numbers; each that overflows is replaced by its 64-bit value.
 * Fails with `ArtifactRejected` unless the extra field has exactly those values, as the format says, or, where none overflows, repeats the 32-bit numbers, as Python before 3.11.4 writes.
 */
export function widened(
  numbers: readonly number[],
  extra: ReadonlyMap<number, Uint8Array>,
  archive: string,
): readonly number[] {
  const wide = extra.get(ZIP64) ?? new Uint8Array();
  const missing = numbers.filter((value) => value === ELSEWHERE).length;
  if (missing === 0 && repeats(wide, numbers)) return numbers;
  if (wide.length !== 8 * missing) {
    throw badArchive(
      archive,
      `has an entry with ${wide.length} bytes of 64-bit sizes where ${8 * missing} belong`,
    );
  }
  const fields = fieldsOf(wide);
  const values = numbers.map((value) => (value === ELSEWHERE ? fields.u64() : value));
  if (values.every(Number.isFinite)) return values;
  throw badArchive(archive, 'has an entry with an impossible size');
}

/** Whether the field repeats the first of these numbers, as many as fit in it, in their order. */
function repeats(wide: Uint8Array, numbers: readonly number[]): boolean {
  const fields = fieldsOf(wide);
  const same = numbers.slice(0, Math.floor(wide.length / 8));
  return wide.length === 8 * same.length && same.every((value) => fields.u64() === value);
}
