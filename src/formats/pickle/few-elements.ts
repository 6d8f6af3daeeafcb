import type { PickleMachine } from './machine.ts';
import type { DType, Ndarray } from './values.ts';

/** Enough for the labels of a hundred classes, or a number for each of 512 columns; a model may have many short lists. */
const MOST_BYTES = { ofOne: 4096, ofAll: 2 ** 20 } as const;
const BYTES_OF_CHARACTER = 4;
const LARGEST_CHARACTER = 0x10ffff;

/** The next bytes, if they are few; they stay to be read. */
export async function fewBytes(
  { input, tally }: PickleMachine,
  length: number,
): Promise<Uint8Array | undefined> {
  if (length > MOST_BYTES.ofOne || tally.fewBytes + length > MOST_BYTES.ofAll) return undefined;
  tally.fewBytes += length;
  await input.need(length);
  return Buffer.from(input.peek(length), 'latin1');
}

/** Keeps the elements of a short list, as numpy stores them. */
export function takeFew(array: Ndarray, dtype: DType, bytes: Uint8Array | undefined): void {
  const [count = 0, ...others] = array.shape;
  const { itemBytes } = dtype;
  if (!bytes || others.length > 0 || bytes.length !== count * itemBytes) return;
  const elements = Array.from({ length: count }, (_, at) => {
    const element = elementOf(dtype, bytes.subarray(at * itemBytes, (at + 1) * itemBytes));
    return typeof element === 'boolean' ? String(element) : element;
  });
  const known = elements.filter((element) => element !== undefined);
  if (known.length === count) array.few = known;
}

/** The element in these bytes, which are as many as one has; undefined where its type is none that is read, or its value none of JavaScript's. */
export function elementOf(
  { code, isBigEndian = false }: DType,
  bytes: Uint8Array,
): string | number | boolean | undefined {
  const read = code.startsWith('U') ? textOf : ELEMENTS[code];
  return read?.(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), !isBigEndian);
}

type Read = (element: DataView, isLittle: boolean) => string | number | boolean | undefined;

const ELEMENTS: Readonly<Record<string, Read>> = {
  b1: (element) => element.getUint8(0) !== 0,
  i1: (element) => element.getInt8(0),
  i2: (element, isLittle) => element.getInt16(0, isLittle),
  i4: (element, isLittle) => element.getInt32(0, isLittle),
  i8: (element, isLittle) => exact(element.getBigInt64(0, isLittle)),
  u1: (element) => element.getUint8(0),
  u2: (element, isLittle) => element.getUint16(0, isLittle),
  u4: (element, isLittle) => element.getUint32(0, isLittle),
  u8: (element, isLittle) => exact(element.getBigUint64(0, isLittle)),
  f4: (element, isLittle) => element.getFloat32(0, isLittle),
  f8: (element, isLittle) => element.getFloat64(0, isLittle),
};

function exact(number: bigint): number | undefined {
  return Number.isSafeInteger(Number(number)) ? Number(number) : undefined;
}

/** Four bytes a character, filled up with zeros; undefined for what is no character. */
function textOf(element: DataView, isLittle: boolean): string | undefined {
  const points = Array.from({ length: element.byteLength / BYTES_OF_CHARACTER }, (_, at) =>
    element.getUint32(at * BYTES_OF_CHARACTER, isLittle),
  );
  if (points.some((point) => point > LARGEST_CHARACTER)) return undefined;
  return String.fromCodePoint(...points).replace(/\0+$/, '');
}
