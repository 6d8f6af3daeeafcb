/** One field of a protobuf message: all its bytes, and its content. */
export type Field = {
  readonly tag: number;
  readonly whole: Uint8Array;
  readonly content: Uint8Array;
};

/** A field's tag: its number, then its wire type in 3 bits; 2 is length-delimited. */
export function tagOf(field: number, wire = 2): number {
  return field * 8 + wire;
}

/** The text of a message's first field with that number; empty when it has none. */
export function textIn(bytes: Uint8Array, field: number): string {
  const found = [...fieldsOf(bytes)].find(({ tag }) => tag === tagOf(field));
  return found ? Buffer.from(found.content).toString() : '';
}

export function message(field: number, parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  return Buffer.concat([varint(tagOf(field)), varint(content.length), content]);
}

export function number(field: number, value: number): Uint8Array {
  return Buffer.concat([varint(tagOf(field, 0)), varint(value)]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  return Buffer.from([...bytes, left]);
}

/** The numbers of int64 fields, packed or single. */
export function integersOf(bytes: Uint8Array): readonly string[] {
  const found: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { value, end } = readVarint(bytes, at);
    found.push(String(BigInt.asIntN(64, value)));
    at = end;
  }
  return found;
}

/** The fields in file order. Throws on bytes that are not a message. */
export function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  for (let at = 0; at < bytes.length; ) {
    const { tag, start, end } = fieldAt(bytes, at);
    if (!(end <= bytes.length)) throw new Error(`the field at byte ${at} does not fit its message`);
    yield { tag, whole: bytes.subarray(at, end), content: bytes.subarray(start, end) };
    at = end;
  }
}

/** The begin and end of the content of the field at that byte; the end may be beyond the last of `bytes`, and is NaN where there is no field. */
export function fieldAt(bytes: Uint8Array, at: number) {
  const { value, end } = readVarint(bytes, at);
  const tag = Number(value);
  return { tag, ...contentAt(bytes, tag % 8, end) };
}

function contentAt(bytes: Uint8Array, wire: number, start: number) {
  if (wire === 0) return { start, end: readVarint(bytes, start).end };
  if (wire === 1) return { start, end: start + 8 };
  if (wire === 5) return { start, end: start + 4 };
  const { value, end } = readVarint(bytes, start);
  return { start: end, end: wire === 2 ? end + Number(value) : Number.NaN };
}

function readVarint(bytes: Uint8Array, from: number): { value: bigint; end: number } {
  let value = 0n;
  for (let at = from; at < from + 10; at++) {
    const byte = bytes[at] ?? 128;
    value |= BigInt(byte % 128) << BigInt(7 * (at - from));
    if (byte < 128) return { value, end: at + 1 };
  }
  return { value, end: Number.NaN };
}
