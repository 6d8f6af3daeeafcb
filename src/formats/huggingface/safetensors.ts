import { parseJson } from '#domain/parse-json.ts';
import { type FittedTensor, fractions, isSparseName, whole } from '#formats/bytes/tensor-prints.ts';
import dtypes from '#formats/data/safetensors-types.json' with { type: 'json' };
import { quoted, rejected } from '#formats/rejected.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { isObject, RESAVE } from './json-file.ts';

/** A tensor's type, by the protocol's name, and its shape. */
export type TensorShape = { readonly type: string; readonly shape: readonly number[] };

/** The totals over the tensors of one file or several: `byType` has the bytes of each type, by the protocol's names. */
export type Tensors = {
  readonly names: ReadonlySet<string>;
  readonly parameters: number;
  readonly bytes: number;
  readonly byType: ReadonlyMap<string, number>;
};

type Type = { readonly name: string; readonly bits: number };
type Tensor = {
  readonly name: string;
  readonly type: Type;
  readonly shape: readonly number[];
  readonly elements: number;
  readonly from: number;
  readonly to: number;
};

const TYPES: Readonly<Record<string, Type>> = dtypes;
// Numbers that count or choose something; those of 32 bits may be packed weights.
const COUNTS = /^(BOOL|U?INT64|U?INT16)$/;
const FRACTIONS = /^(FP16|BF16|FP32|FP64)$/;
const LENGTH_BYTES = 8;
// The header of 1,000 tensors has 100 KB; the library's own limit is 100 MB.
const MAX_HEADER_BYTES = 8 * 2 ** 20;
const MAX_DIMENSIONS = 32;

/**
 * Reads the header of a safetensors file, and checks it against the file: as the library requires, the tensors lie one after the other,
 * without gap or overlap, up to the file's last byte. Fails with `ArtifactRejected`.
 */
export async function readSafetensors(
  source: ByteSource,
  file: string,
): Promise<
  Tensors & {
    readonly shapes: ReadonlyMap<string, TensorShape>;
    readonly fitted: readonly FittedTensor[];
  }
> {
  const refuse = (fault: string) => rejected(`${file} is damaged: ${fault}`, RESAVE);
  const header = await headerOf(source, refuse);
  const dataBytes = source.sizeBytes - LENGTH_BYTES - header.bytes;
  const tensors = Object.entries(header.value)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, told]) => tensorOf(name, told, refuse))
    .sort((one, other) => one.from - other.from || one.to - other.to);
  let [end, parameters] = [0, 0];
  const byType = new Map<string, number>();
  for (const { name, type, elements, from, to } of tensors) {
    if (from !== end) {
      throw refuse(`its tensor ${quoted(name)} begins at byte ${from} of the data, not at ${end}`);
    }
    end = to;
    parameters += elements;
    byType.set(type.name, (byType.get(type.name) ?? 0) + (to - from));
  }
  if (end !== dataBytes) {
    throw refuse(`its tensors take ${end} bytes, but ${dataBytes} bytes follow its header`);
  }
  const shapes = new Map(
    tensors.map(({ name, type, shape }) => [name, { type: type.name, shape }] as const),
  );
  const dataAt = source.sizeBytes - dataBytes;
  const fitted = tensors.flatMap(({ name, type, from, to }) => {
    if (to === from || COUNTS.test(type.name)) return [];
    const numbers = FRACTIONS.test(type.name) ? fractions(type.bits) : whole(type.bits);
    return [
      {
        name,
        isFinal: true,
        ...(isSparseName(name) && { isSparse: true }),
        ...{ source, start: dataAt + from, bytes: to - from, numbers },
      },
    ];
  });
  return { names: new Set(shapes.keys()), shapes, parameters, bytes: end, byType, fitted };
}

async function headerOf(source: ByteSource, refuse: (fault: string) => Error) {
  const left = source.sizeBytes - LENGTH_BYTES;
  if (left < 2) throw refuse(`it has ${source.sizeBytes} bytes`);
  const head = Buffer.from(await source.read(0, LENGTH_BYTES));
  const bytes = head.readBigUInt64LE();
  if (bytes > left) {
    throw refuse(`its header is to take ${bytes} bytes, but ${left} follow`);
  }
  if (bytes > MAX_HEADER_BYTES) {
    throw refuse(`its header takes ${bytes} bytes; the limit is ${MAX_HEADER_BYTES}`);
  }
  const written = Buffer.from(await source.read(LENGTH_BYTES, Number(bytes))).toString('utf8');
  const value = parseJson(written);
  if (!written.startsWith('{') || !isObject(value)) throw refuse('its header is no JSON object');
  return { value, bytes: Number(bytes) };
}

function tensorOf(name: string, told: unknown, refuse: (fault: string) => Error): Tensor {
  const own = (fault: string) => refuse(`its tensor ${quoted(name)} ${fault}`);
  if (!isObject(told)) throw own('is no JSON object');
  const { dtype, shape, data_offsets: offsets } = told as Record<string, unknown>;
  const type = typeof dtype === 'string' ? TYPES[dtype] : undefined;
  if (!type) throw own(`has the type ${quoted(String(dtype))}, which safetensors has none of`);
  if (!areSizes(shape) || shape.length > MAX_DIMENSIONS) throw own('has no shape');
  if (!areSizes(offsets) || offsets.length !== 2) throw own('has no place in the file');
  const [from = 0, to = 0] = offsets;
  const elements = shape.reduce((product, dim) => product * dim, 1);
  const bytes = (elements * type.bits) / 8;
  if (!Number.isSafeInteger(elements)) throw own(`has ${elements} elements`);
  if (to - from !== bytes) {
    throw own(
      `takes the bytes ${from} to ${to}, but ${elements} elements of ${dtype} take ${bytes}`,
    );
  }
  return { name, type, shape, elements, from, to };
}

function areSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0);
}
