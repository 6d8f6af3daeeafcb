/// <reference lib="esnext.float16" />
import { refusal } from '../refusal.ts';
import {
  checkShape,
  countOf,
  type Datatype,
  missingOf,
  sentTexts,
  showShape,
  type Tensor,
  type TensorData,
  type TensorSpec,
} from '../values/tensors.ts';
import { worded } from '../worded.ts';

/** The bytes after the JSON, consumed tensor by tensor in the order of the request's inputs. */
export type Tail = {
  take(size: unknown, label: string): Uint8Array;
  checkEmpty(): void;
};

/** The tail of a request without the header: no tensor can be binary. */
export const NO_TAIL: Tail = {
  take: (_size, label) => {
    throw refusal(400, worded('binarySizeWithoutHeader', label));
  },
  checkEmpty: () => undefined,
};

export function tailOf(bytes: Uint8Array): Tail {
  let left = bytes;
  return {
    take: (size, label) => {
      if (typeof size !== 'number' || !Number.isInteger(size) || size < 0 || size > left.length) {
        const takes = worded('upToBytesLeft', left.length);
        throw refusal(400, worded('binarySizeTakes', label, size, takes));
      }
      const taken = left.subarray(0, size);
      left = left.subarray(size);
      return taken;
    },
    checkEmpty: () => {
      if (left.length > 0) throw refusal(400, worded('bytesAfterLastTensor', left.length));
    },
  };
}

/** Splits a body at the length in the header Inference-Header-Content-Length. If the JSON is empty, the body is one raw tensor. */
export function splitBody(header: string, body: Uint8Array): readonly [Uint8Array, Uint8Array] {
  const length = Number(header);
  if (/^\d+$/.test(header) && length <= body.length) {
    return [body.subarray(0, length), body.subarray(length)];
  }
  const takes = worded('upToBytesOfBody', body.length);
  throw refusal(400, worded('jsonLengthTakes', header, takes));
}

export function readBinary(spec: TensorSpec, shape: readonly number[], bytes: Uint8Array): Tensor {
  const label = `input "${spec.name}"`;
  checkShape(spec, shape, label);
  const { name, datatype } = spec;
  if (datatype === 'BYTES') {
    const data = sentTexts(readTexts(shape, bytes, label), spec);
    return { name, datatype, shape, data, ...missingOf(spec) };
  }
  const Numbers = NUMBERS[datatype];
  const expected = countOf(shape) * Numbers.BYTES_PER_ELEMENT;
  if (bytes.length !== expected) {
    const takes = worded('shapeTakesBytes', showShape(shape), datatype, expected);
    throw refusal(400, `${label} has ${bytes.length} bytes; ${takes}`);
  }
  if (datatype === 'BOOL' && bytes.some((byte) => byte > 1)) {
    throw refusal(400, worded('notABooleanByte', label));
  }
  // Copied, since a typed array needs alignment that the tensor's place in the body may not have.
  return { name, datatype, shape, data: new Numbers(new Uint8Array(bytes).buffer) };
}

/** A body that is just the only input's bytes: its length determines the one free dimension. */
export function readRaw(spec: TensorSpec, bytes: Uint8Array): Tensor {
  const { shape, datatype } = spec;
  const isFree = (dim: number) => dim === -1;
  if (shape.length === 0 || shape.filter(isFree).length > 1 || datatype === 'BYTES') {
    const takes = 'one free dimension at most, and no BYTES';
    throw refusal(400, `input "${spec.name}" cannot be a raw body; it takes ${takes}`);
  }
  const size = NUMBERS[datatype].BYTES_PER_ELEMENT;
  const rowBytes = countOf(shape.filter((dim) => !isFree(dim))) * size;
  const free = rowBytes > 0 ? Math.floor(bytes.length / rowBytes) : 0;
  return readBinary(
    spec,
    shape.map((dim) => (isFree(dim) ? free : dim)),
    bytes,
  );
}

export function writeBinary({ data }: Tensor): Uint8Array {
  if ('buffer' in data) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.concat(
    data.flatMap((text) => {
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
}

/** The arrays of numbers by their datatypes; texts have none. */
export const NUMBERS = {
  BOOL: Uint8Array,
  FP16: Float16Array,
  FP32: Float32Array,
  FP64: Float64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
} satisfies Record<
  Exclude<Datatype, 'BYTES'>,
  { readonly BYTES_PER_ELEMENT: number; new (buffer: ArrayBuffer): TensorData }
>;

function readTexts(shape: readonly number[], bytes: Uint8Array, label: string): string[] {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const texts: string[] = [];
  for (let at = 0; at < view.length; ) {
    const start = at + 4;
    const end = start > view.length ? Infinity : start + view.readUInt32LE(at);
    if (end > view.length) {
      throw refusal(400, worded('endsWithinText', label, at));
    }
    texts.push(readText(view.subarray(start, end), `${label} has a text at byte ${at}`));
    at = end;
  }
  if (texts.length === countOf(shape)) return texts;
  throw refusal(
    400,
    worded('valuesForShape', label, texts.length, showShape(shape), countOf(shape)),
  );
}

function readText(bytes: Uint8Array, label: string): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw refusal(400, `${label} that is not UTF-8`);
  }
  if (text.includes('\0')) throw refusal(400, `${label} with NUL`);
  return text;
}
