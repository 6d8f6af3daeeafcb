import { elementsOf } from '#domain/artifact/signature.ts';
import { elementOf, takeFew } from './few-elements.ts';
import { damaged, hostile, keep, type PickleMachine } from './machine.ts';
import { datatypeOf, holdsObjects } from './numpy-dtype.ts';
import { isFitted } from './prints.ts';
import {
  type DType,
  isCount,
  isDType,
  isThing,
  isTuple,
  itemsOf,
  type Ndarray,
  OPAQUE,
  type Value,
} from './values.ts';

/** The value of one array element, from its bytes; only for types that fit a JavaScript number. */
export function numberOf(
  machine: PickleMachine,
  dtype: Value | undefined,
  data: Value | undefined,
): Value {
  if (!isDType(dtype) || holdsObjects(dtype)) throw hostile(machine, 'treats bytes as objects');
  if (!isBytes(data)) throw damaged(machine, 'has a number without bytes');
  const bytes = Buffer.from(
    typeof data === 'object' && data !== null && 'head' in data ? data.head : '',
    'latin1',
  );
  const isKnown = SCALARS.has(dtype.code) && !dtype.isBigEndian;
  if (bytes.length !== dtype.itemBytes || !isKnown) return OPAQUE;
  return elementOf(dtype, bytes) ?? OPAQUE;
}

const SCALARS: ReadonlySet<string> = new Set(['b1', 'i4', 'i8', 'f4', 'f8']);

/** An array's state: version, shape, type, order, and its elements as bytes or, for objects, as a list. */
export function buildArray(machine: PickleMachine, array: Ndarray, state: Value): void {
  if (array.dtype !== undefined) throw hostile(machine, 'changes an array');
  const [, shape, dtype, , data] = itemsOf(state);
  if (!isTuple(state) || !isDType(dtype)) throw damaged(machine, 'has an array without a dtype');
  fill(machine, array, dtype, shapeOf(machine, shape));
  array.items = elementsIn(machine, array, data);
  takeContent(array, dtype, data);
}

/** numpy trusts that the list has an object for each element. */
function elementsIn(
  machine: PickleMachine,
  array: Ndarray,
  data: Value | undefined,
): readonly Value[] {
  const isList = isThing(data) && data.kind === 'list';
  const isOfObjects = array.dtype !== undefined && holdsObjects(array.dtype);
  if (isOfObjects ? !isList : !isBytes(data)) throw hostile(machine, 'treats bytes as objects');
  if (!isList) return [];
  if (data.length === elementsOf(array.shape)) return data.items;
  throw hostile(machine, 'has an array with too few objects or too many');
}

/** A masked array, whose state begins like that of any other array. */
export function countMasked(machine: PickleMachine, state: Value): void {
  const [, , , , , mask] = itemsOf(state);
  buildArray(machine, newArray(machine), state);
  if (!isBytes(mask)) throw hostile(machine, 'treats bytes as objects');
}

/** The call that protocol 5 makes: bytes, type, shape, order. */
export function arrayOfBuffer(
  machine: PickleMachine,
  [data, dtype, shape]: readonly Value[],
): Ndarray {
  if (!isDType(dtype) || holdsObjects(dtype) || !isBytes(data))
    throw hostile(machine, 'treats bytes as objects');
  const array = newArray(machine);
  fill(machine, array, dtype, shapeOf(machine, shape));
  takeContent(array, dtype, data);
  return array;
}

function takeContent(array: Ndarray, dtype: DType, data: Value | undefined): void {
  if (!isThing(data) || data.kind !== 'bytes') return;
  if (data.print && isFitted(dtype)) array.print = data.print;
  takeFew(array, dtype, data.few ?? Buffer.from(data.head, 'latin1'));
}

export function newArray(machine: PickleMachine): Ndarray {
  keep(machine, 2);
  return { kind: 'array', dtype: undefined, shape: [], items: [] };
}

/** Gives an array its type and shape, and counts its elements unless they are Python objects. */
export function fill(
  machine: PickleMachine,
  array: Ndarray,
  dtype: DType,
  shape: readonly number[],
): void {
  array.dtype = dtype;
  array.shape = shape;
  const { tally } = machine;
  tally.dtypes.add(datatypeOf(dtype));
  if (holdsObjects(dtype)) return;
  const elements = elementsOf(shape);
  tally.elements += elements;
  tally.weightBytes += elements * dtype.itemBytes;
}

/** Fails with `ArtifactRejected` on a shape whose element count overflows: numpy would count modulo 2^64. */
export function shapeOf(machine: PickleMachine, value: Value | undefined): readonly number[] {
  const shape = isTuple(value) ? value.items.filter(isCount) : [];
  const isSound = isTuple(value) && shape.length === value.items.length;
  if (isSound && Number.isSafeInteger(elementsOf(shape))) return shape;
  throw hostile(machine, 'has an array of an impossible shape');
}

// Protocols 0 to 2 write bytes as a string to be encoded, whose content is skipped.
function isBytes(data: Value | undefined): boolean {
  return isThing(data) && data.kind === 'bytes';
}
