/// <reference lib="esnext.float16" />

import { refusal } from '../refusal.ts';
import { worded } from '../worded.ts';
import { show } from './json.ts';

/** The datatype names of the Open Inference Protocol. */
export type Datatype = keyof typeof PACK;

/** An input or output. `shape` has -1 for a free dimension; an empty one is a scalar or, in a model that declares none, any shape. */
export type TensorSpec = {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** The class of each column of a classifier's probabilities. */
  readonly classes?: readonly string[];
  /** The names of the columns of a converted classifier's probabilities; its answers leave them out. */
  readonly labels?: readonly string[];
  /** Set only where texts may be missing. */
  readonly missing?: MissingTexts;
  /** The model drops the column, so any value will do; values that are not numbers are read as 0. */
  readonly isUnread?: true;
};

/** `text` stands for a missing value in the model's tensors, and for nothing else: see `sentTexts`. An empty cell of a CSV is missing too, except in the columns named by `emptyIsText`. */
export type MissingTexts = { readonly text: string; readonly emptyIsText: readonly string[] };

export type Signature = {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
};

/** Row-major. BOOL is a Uint8Array of 0 and 1, BYTES are strings. */
export type TensorData =
  | Float16Array
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | readonly string[];

/** A TensorSpec without free dimensions, with its values. */
export type Tensor = TensorSpec & { readonly data: TensorData };

export function isDatatype(value: unknown): value is Datatype {
  return typeof value === 'string' && Object.hasOwn(PACK, value);
}

type Pack = (values: readonly unknown[], label: string) => TensorData;

const PACK = {
  BOOL: packer(worded('trueOrFalse'), bit, (values) => new Uint8Array(values)),
  BYTES: packer(worded('textsWithoutNul'), textWithoutNul, (values) => values),
  FP16: packer('numbers of FP16', float(Math.f16round), (values) => new Float16Array(values)),
  FP32: packer('numbers of FP32', float(Math.fround), (values) => new Float32Array(values)),
  FP64: packer('numbers of FP64', float(Number), (values) => new Float64Array(values)),
  INT8: integers(-(2 ** 7), 2 ** 7 - 1, (values) => new Int8Array(values)),
  INT16: integers(-(2 ** 15), 2 ** 15 - 1, (values) => new Int16Array(values)),
  INT32: integers(-(2 ** 31), 2 ** 31 - 1, (values) => new Int32Array(values)),
  INT64: bigIntegers(-(2n ** 63n), 2n ** 63n - 1n, (values) => new BigInt64Array(values)),
  UINT8: integers(0, 2 ** 8 - 1, (values) => new Uint8Array(values)),
  UINT16: integers(0, 2 ** 16 - 1, (values) => new Uint16Array(values)),
  UINT32: integers(0, 2 ** 32 - 1, (values) => new Uint32Array(values)),
  UINT64: bigIntegers(0n, 2n ** 64n - 1n, (values) => new BigUint64Array(values)),
} satisfies Record<string, Pack>;

// numpy's limit; a model that declares no shape would take any number.
const MOST_DIMENSIONS = 64;

/** Reads a tensor from JSON `data`, nested by `shape` or flat; refuses with 400 a value that the model cannot take. */
export function readTensor(spec: TensorSpec, shape: readonly number[], data: unknown): Tensor {
  const label = `input "${spec.name}"`;
  checkShape(spec, shape, label);
  const { name, datatype } = spec;
  const packed = PACK[datatype](sentTexts(flatten(data, shape, label), spec), label);
  return { name, datatype, shape, data: packed, ...missingOf(spec) };
}

/** Like `readTensor`, for hand-written rows: null is a missing number, true is 1, 1 is true and "5.1" is 5.1, as in the frameworks. */
export function readWrittenTensor(
  spec: TensorSpec,
  shape: readonly number[],
  data: unknown,
): Tensor {
  const label = `input "${spec.name}"`;
  checkShape(spec, shape, label);
  const { name, datatype } = spec;
  const values = flatten(data, shape, label);
  const packed = PACK[datatype](asWritten(values, spec), label);
  return { name, datatype, shape, data: packed, ...missingOf(spec) };
}

/**
 * Texts as the model takes them. A text that begins with the mark of a missing value gets that mark once more in front. No converted model
 * knows a text with it, so both are equally unknown (runtimes/python/slipway_server/conversion/missing_texts.py).
 */
export function sentTexts<T>(
  values: readonly T[],
  { missing }: TensorSpec,
): readonly (T | string)[] {
  if (!missing) return values;
  const begins = (value: T) => typeof value === 'string' && value.startsWith(missing.text);
  return values.map((value) => (begins(value) ? `${missing.text}${value}` : value));
}

/** A text of a tensor as it was sent; null for a missing one. */
export function sentText(text: string, missing: MissingTexts | undefined): string | null {
  if (!missing?.text || !text.startsWith(missing.text)) return text;
  return text === missing.text ? null : text.slice(missing.text.length);
}

/** The part of its input's spec that a tensor keeps, so that its texts can be shown. */
export function missingOf({ missing }: TensorSpec): Pick<TensorSpec, 'missing'> {
  return missing ? { missing } : {};
}

/** Refuses with 400 a shape that the model does not take. */
export function checkShape(spec: TensorSpec, shape: readonly number[], label: string): void {
  const fits = spec.shape.every((dim, axis) => dim === -1 || dim === shape[axis]);
  const hasRank = spec.shape.length === 0 || spec.shape.length === shape.length;
  if (shape.length > MOST_DIMENSIONS) {
    throw refusal(400, worded('tooManyDimensions', label, shape.length, MOST_DIMENSIONS));
  }
  if (fits && hasRank) return;
  throw refusal(400, worded('otherShape', label, showShape(shape), showShape(spec.shape)));
}

/** The lengths of nested lists, taken from the first item at each level. */
export function shapeOf(data: unknown): number[] {
  const shape: number[] = [];
  for (let at = data; Array.isArray(at); at = at[0]) shape.push(at.length);
  return shape;
}

/** The shape of an array without rows, for this spec. */
export function noRowsShape({ shape }: TensorSpec): readonly number[] {
  return [0, ...shape.slice(1).map((dim) => Math.max(0, dim))];
}

export function countOf(shape: readonly number[]): number {
  return shape.reduce((count, dim) => count * dim, 1);
}

function flatten(data: unknown, shape: readonly number[], label: string): readonly unknown[] {
  if (!Array.isArray(data)) {
    if (shape.length === 0) return [data];
    throw refusal(400, worded('dataTakesList', label, show(data)));
  }
  if (!Array.isArray(data[0])) {
    if (data.length === countOf(shape)) return data;
    throw refusal(
      400,
      worded('valuesForShape', label, data.length, showShape(shape), countOf(shape)),
    );
  }
  return shape.reduce<readonly unknown[]>(
    (rows, dim) =>
      rows.flatMap((row) => {
        if (Array.isArray(row) && row.length === dim) return row;
        throw refusal(
          400,
          `${label} has ${show(row)} where the shape ${showShape(shape)} takes a list of ${dim}`,
        );
      }),
    [data],
  );
}

function asWritten(values: readonly unknown[], spec: TensorSpec): readonly unknown[] {
  if (spec.isUnread) return values.map((value) => (typeof value === 'number' ? value : 0));
  if (spec.datatype === 'BOOL') return values.map(truthOf);
  if (values.every((value) => typeof value === 'number')) return values;
  if (isFloat(spec)) return values.map(floatOf);
  if (/INT/.test(spec.datatype)) return values.map(wholeOf);
  const { missing } = spec;
  return missing ? sentTexts(values, spec).map((value) => value ?? missing.text) : values;
}

function wholeOf(value: unknown): unknown {
  if (typeof value === 'boolean') return Number(value);
  if (typeof value !== 'string') return value;
  // pandas writes 7.0 where other numbers of the column are missing.
  return wholeNumberOf(value) ?? (Number.isInteger(numberOf(value)) ? numberOf(value) : value);
}

const TRUTHS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
  ['1', true],
  ['0', false],
]);

function truthOf(value: unknown): unknown {
  if (value === 0 || value === 1) return value === 1;
  return typeof value === 'string' ? (TRUTHS.get(value.toLowerCase()) ?? value) : value;
}

export function isFloat({ datatype }: TensorSpec): boolean {
  return datatype.startsWith('FP');
}

function floatOf(value: unknown): unknown {
  if (value === null) return NaN;
  if (typeof value === 'boolean') return Number(value);
  return typeof value === 'string' && isNumber(value) ? Number(value) : value;
}

function numberOf(text: string): number {
  return isNumber(text) ? Number(text) : Number.NaN;
}

/** A number in digits, with an optional fraction and exponent, or `nan`. */
export function isNumber(text: string): boolean {
  return /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$|^nan$/i.test(text);
}

/** The exact integer written with up to 40 digits; undefined for any other text. */
export function wholeNumberOf(text: string): number | bigint | undefined {
  if (!/^[+-]?\d{1,40}$/.test(text)) return undefined;
  const digits = BigInt(text.replace('+', ''));
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : digits;
}

export function showShape(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

function packer<T>(
  takes: string,
  read: (value: unknown) => T | undefined,
  pack: (values: T[]) => TensorData,
): Pack {
  return (values, label) =>
    pack(
      values.map((value, index) => {
        const item = read(value);
        if (item !== undefined) return item;
        throw refusal(400, worded('valueTakes', label, show(value), index, takes));
      }),
    );
}

function bit(value: unknown): number | undefined {
  return typeof value === 'boolean' ? Number(value) : undefined;
}

// The binding passes C strings to onnxruntime, which end at the first NUL.
function textWithoutNul(value: unknown): string | undefined {
  return typeof value === 'string' && !value.includes('\0') ? value : undefined;
}

// A missing cell of a table is NaN, which JSON cannot express. A bigint is a number whose digits another input needs.
function float(round: (value: number) => number) {
  return (written: unknown): number | undefined => {
    const value = typeof written === 'bigint' ? Number(written) : written;
    return typeof value === 'number' && Math.abs(round(value)) !== Infinity ? value : undefined;
  };
}

function integers(least: number, most: number, pack: (values: number[]) => TensorData): Pack {
  const read = (value: unknown) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
      ? value
      : undefined;
  return packer(worded('integersFrom', least, most), read, pack);
}

function bigIntegers(least: bigint, most: bigint, pack: (values: bigint[]) => TensorData): Pack {
  const read = (written: unknown) => {
    // Protobuf's JSON writes them as texts, and so do clients whose own numbers would round them.
    const value = typeof written === 'string' ? wholeNumberOf(written) : written;
    const exact = Number.isSafeInteger(value) ? BigInt(Number(value)) : value;
    return typeof exact === 'bigint' && exact >= least && exact <= most ? exact : undefined;
  };
  return packer(`integers from ${least} to ${most}, in digits`, read, pack);
}

/** The buffers to transfer to another thread instead of copying; the tensors become unreadable here. */
export function buffersOf(tensors: readonly Tensor[]): ArrayBuffer[] {
  return tensors.flatMap(({ data }) =>
    'buffer' in data && data.buffer instanceof ArrayBuffer ? [data.buffer] : [],
  );
}
