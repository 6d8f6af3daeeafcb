/// <reference lib="esnext.float16" />
import { type FileHandle, open } from 'node:fs/promises';

/** `vectorOf` is a token's vector, in a table of `rows` tokens; `weightOf` is its weight in a mean. */
export type Table = {
  readonly rows: number;
  readonly width: number;
  vectorOf(token: number): ArrayLike<number>;
  weightOf(token: number): number;
};

type TensorHeader = {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [from: number, to: number];
};
type Numbers = {
  readonly shape: readonly number[];
  slice(from: number, to: number): ArrayLike<number>;
};

const LENGTH_BYTES = 8;
// A read takes less than 2 GiB.
const BLOCK_BYTES = 2 ** 30;

const READERS: Readonly<Record<string, (bytes: ArrayBuffer) => Numbers['slice']>> = {
  F32: (bytes) => slicesOf(new Float32Array(bytes)),
  F16: (bytes) => slicesOf(new Float16Array(bytes)),
  BF16: (bytes) => slicesOfBrain(new Uint16Array(bytes)),
  F64: (bytes) => slicesOf(new Float64Array(bytes)),
  I8: (bytes) => slicesOf(new Int8Array(bytes)),
  I32: (bytes) => slicesOf(new Int32Array(bytes)),
  I64: (bytes) => slicesOf(Float64Array.from(new BigInt64Array(bytes), Number)),
};

/** Reads the vectors of tokens from a safetensors file, in their order. Rejects where there are no vectors. */
export async function openTable(path: string): Promise<Table> {
  const file = await open(path);
  try {
    const tensors = await tensorsIn(file);
    const vectors = (await tensors('embedding.weight')) ?? (await tensors('embeddings'));
    const [mapping, weights] = [await tensors('mapping'), await tensors('weights')];
    const [rows = 0, width = 0] = vectors?.shape ?? [];
    if (!vectors) throw new Error(`${path} has no vectors of tokens`);
    return {
      rows: mapping?.shape[0] ?? rows,
      width,
      vectorOf(token) {
        const row = mapping ? (mapping.slice(token, token + 1)[0] ?? 0) : token;
        return vectors.slice(row * width, (row + 1) * width);
      },
      weightOf: (token) => weights?.slice(token, token + 1)[0] ?? 1,
    };
  } finally {
    await file.close();
  }
}

async function tensorsIn(file: FileHandle) {
  const head = Buffer.from(await bytesOf(file, 0, LENGTH_BYTES));
  const headerBytes = Number(head.readBigUInt64LE());
  const written = Buffer.from(await bytesOf(file, LENGTH_BYTES, headerBytes)).toString('utf8');
  const header: Readonly<Record<string, TensorHeader>> = JSON.parse(written);
  return async (name: string): Promise<Numbers | undefined> => {
    const told = Object.hasOwn(header, name) ? header[name] : undefined;
    if (!told) return undefined;
    const { dtype, shape, data_offsets: offsets } = told;
    const reader = READERS[dtype];
    if (!reader) throw new Error(`${name} is of the type ${dtype}`);
    const [from, to] = offsets;
    const bytes = await bytesOf(file, LENGTH_BYTES + headerBytes + from, to - from);
    return { shape, slice: reader(bytes) };
  };
}

async function bytesOf(file: FileHandle, from: number, length: number): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const wanted = Math.min(BLOCK_BYTES, length - at);
    const { bytesRead } = await file.read(bytes, at, wanted, from + at);
    if (bytesRead === 0) throw new Error(`the file of vectors ends ${length - at} bytes too early`);
    at += bytesRead;
  }
  return bytes.buffer;
}

function slicesOf(all: Float32Array | Float16Array | Float64Array | Int8Array | Int32Array) {
  return (from: number, to: number): ArrayLike<number> => all.subarray(from, to);
}

/** The upper half of a number of single precision. */
function slicesOfBrain(all: Uint16Array) {
  return (from: number, to: number): ArrayLike<number> => {
    const bits = Uint32Array.from(all.subarray(from, to), (half) => half * 2 ** 16);
    return new Float32Array(bits.buffer);
  };
}
