import type { Datatype } from '#domain/artifact/signature.ts';
import { damaged, hostile, keep, type PickleMachine } from './machine.ts';
import {
  type Dict,
  type DType,
  isCount,
  isDType,
  isThing,
  isTuple,
  itemsOf,
  type Value,
} from './values.ts';

// The types that numpy writes in a pickle, without the byte order, which is in their state.
const SIMPLE: Readonly<Record<string, number>> = {
  b1: 1,
  i1: 1,
  i2: 2,
  i4: 4,
  i8: 8,
  u1: 1,
  u2: 2,
  u4: 4,
  u8: 8,
  f2: 2,
  f4: 4,
  f8: 8,
  f12: 12,
  f16: 16,
  c8: 8,
  c16: 16,
  c24: 24,
  c32: 32,
  M8: 8,
  m8: 8,
  O8: 8,
  O4: 8,
};

const PROTOCOL_NAMES: Readonly<Record<string, Datatype>> = {
  ...({ b1: 'BOOL', i1: 'INT8', i2: 'INT16', i4: 'INT32', i8: 'INT64' } as const),
  ...({ u1: 'UINT8', u2: 'UINT16', u4: 'UINT32', u8: 'UINT64' } as const),
  ...({ f2: 'FP16', f4: 'FP32', f8: 'FP64', O8: 'BYTES', O4: 'BYTES' } as const),
};

// https://github.com/numpy/numpy/blob/v2.3.5/numpy/_core/src/multiarray/descriptor.c, arraydescr_setstate
const STATES = [
  { version: 3, length: 8 },
  { version: 4, length: 9 },
] as const;

const LARGEST_ITEM = 2 ** 20;
const MAX_FIELDS = 1000;

// An object type has all of numpy's flags for objects; any other may only have these, which do not concern pointers: numpy trusts the flags.
const OBJECT_FLAGS = 0x3f;
const HARMLESS_FLAGS = 0x98;

/** The protocol's name of an element type, or numpy's where the protocol has none. */
export function datatypeOf({ code }: DType): string {
  if (/^[USa]/.test(code)) return 'BYTES';
  return PROTOCOL_NAMES[code] ?? code;
}

export function holdsObjects({ code }: DType): boolean {
  return code.startsWith('O');
}

/** The result of `numpy.dtype` for the arguments in a pickle. */
export function dtypeOf(machine: PickleMachine, [written]: readonly Value[]): DType {
  const code = typeof written === 'string' ? written.replace(/^[<>|=]/, '').replace('?', 'b1') : '';
  const [, kind = '', count = ''] = /^([USVa])(\d{0,9})$/.exec(code) ?? [];
  const itemBytes = SIMPLE[code] ?? (kind ? Number(count) * (kind === 'U' ? 4 : 1) : undefined);
  if (itemBytes === undefined) throw hostile(machine, 'has a dtype that numpy does not write');
  keep(machine, 2);
  return { kind: 'dtype', code, itemBytes, isBuilt: false };
}

/** A dtype's state: version, byte order, subarray type, names, fields, size in bytes, alignment, flags. */
export function buildDType(machine: PickleMachine, dtype: DType, state: Value): void {
  const [
    version,
    order,
    inner = null,
    names = null,
    fields = null,
    size,
    ,
    flags,
    metadata = null,
  ] = itemsOf(state);
  if (!isTuple(state) || dtype.isBuilt) throw hostile(machine, 'changes a dtype');
  // From the version and length numpy decides where the names are: in versions 0 and 1, among the fields.
  const isKnown = STATES.some(
    (each) => each.version === version && each.length === state.items.length,
  );
  if (!isKnown || typeof order !== 'string' || !/^[<>|=]$/.test(order)) {
    throw hostile(machine, 'has a dtype in a form that numpy has not written since 2007');
  }
  if (inner !== null) throw hostile(machine, 'has a dtype of arrays');
  dtype.isBuilt = true;
  const isObject = holdsObjects(dtype);
  const isSound =
    isCount(flags) && (isObject ? flags === OBJECT_FLAGS : (flags & ~HARMLESS_FLAGS) === 0);
  if (!isSound) {
    throw hostile(machine, 'has a numeric dtype that claims to hold objects');
  }
  refuseMetadata(machine, dtype, metadata);
  dtype.isBigEndian = order === '>';
  // Only these types have a variable size; numpy ignores it for the others.
  if (/^[USVa]/.test(dtype.code)) dtype.itemBytes = sizeOf(machine, size);
  if (names === null && fields === null) return;
  if (!dtype.code.startsWith('V')) throw hostile(machine, 'has a numeric dtype with fields');
  sealFields(machine, dtype, names, fields);
}

/** A date's unit is here, and without it numpy reads out of bounds; other types have a dict of the user's own, or nothing. */
function refuseMetadata(machine: PickleMachine, { code }: DType, metadata: Value): void {
  const [own = null, unit] = itemsOf(metadata);
  const [name, ...counts] = itemsOf(unit);
  const isDate = /^[Mm]/.test(code);
  const isSound = isDate
    ? isDictOrNull(own) &&
      isThing(name) &&
      name.kind === 'bytes' &&
      counts.length === 3 &&
      counts.every(isCount)
    : isDictOrNull(metadata);
  if (!isSound) throw hostile(machine, 'has a dtype without its unit, or with the unit of another');
}

function isDictOrNull(value: Value): boolean {
  return value === null || (isThing(value) && value.kind === 'dict');
}

function sizeOf(machine: PickleMachine, size: Value | undefined): number {
  if (isCount(size) && size <= LARGEST_ITEM) return size;
  throw hostile(machine, 'has a dtype of an impossible size');
}

function sealFields(machine: PickleMachine, dtype: DType, names: Value, fields: Value): void {
  const isKnown = isTuple(names) && isThing(fields) && fields.kind === 'dict';
  if (!isKnown || names.items.length > MAX_FIELDS)
    throw damaged(machine, 'has a dtype without fields');
  if (fields.hasUnread || fields.length !== names.items.length)
    throw hostile(machine, 'has a dtype with fields that it does not name');
  const known = new Map(
    names.items.map((name) => [String(name), checkedField(machine, dtype, name, fields)]),
  );
  const spans = [...known.values()];
  fields.isSealed = true;
  dtype.fields = known;
  dtype.gaps = gapsBetween(spans, dtype.itemBytes);
}

type Span = { readonly start: number; readonly end: number };
type Field = Span & { readonly code: string };

function gapsBetween(spans: readonly Span[], until: number): readonly Span[] {
  let from = 0;
  const gaps: Span[] = [];
  for (const { start, end } of spans.toSorted((a, b) => a.start - b.start)) {
    if (start > from) gaps.push({ start: from, end: start });
    from = Math.max(from, end);
  }
  return from < until ? [...gaps, { start: from, end: until }] : gaps;
}

function checkedField(machine: PickleMachine, dtype: DType, name: Value, fields: Dict): Field {
  const field = typeof name === 'string' ? fields.entries.get(name) : undefined;
  const [inner, offset, ...more] = itemsOf(field);
  const fits =
    more.length === 0 &&
    isDType(inner) &&
    inner.isBuilt &&
    !holdsObjects(inner) &&
    isCount(offset) &&
    offset + inner.itemBytes <= dtype.itemBytes;
  if (!fits) throw hostile(machine, 'has a dtype whose fields do not fit it');
  return { start: offset, end: offset + inner.itemBytes, code: inner.code };
}
