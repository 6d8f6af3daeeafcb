/** A value of the metadata, with the type that it is written as. */
export type GgufEntry =
  | readonly ['u8' | 'u16' | 'u32' | 'i32' | 'u64' | 'f32', number]
  | readonly ['bool', boolean]
  | readonly ['text', string]
  | readonly ['texts', readonly string[]]
  | readonly ['numbers', readonly number[]]
  | readonly ['integers', readonly number[]]
  | readonly ['raw', Buffer];

export type GgufTensor = {
  readonly name: string;
  readonly shape: readonly number[];
  /** A number of ggml's; by default 0, F32. */
  readonly type?: number;
  readonly bytes?: number;
  readonly offset?: number;
};

export type GgufParts = {
  readonly magic?: string;
  readonly version?: number;
  readonly entries?: Readonly<Record<string, GgufEntry>>;
  /** Written behind `entries`, so that a key may be there twice. */
  readonly more?: readonly (readonly [string, GgufEntry])[];
  readonly tensors?: readonly GgufTensor[];
  readonly counts?: { readonly tensors?: bigint; readonly keys?: bigint };
  readonly alignment?: number;
  /** How many bytes of the data are left out at its end. */
  readonly cut?: number;
};

/** The metadata of a small language model of the architecture llama: two blocks, four heads, two of keys and values. */
export const LLAMA: Readonly<Record<string, GgufEntry>> = {
  'general.architecture': ['text', 'llama'],
  'general.name': ['text', 'Tiny'],
  'general.file_type': ['u32', 3],
  'llama.context_length': ['u32', 8192],
  'llama.embedding_length': ['u32', 64],
  'llama.block_count': ['u32', 2],
  'llama.feed_forward_length': ['u32', 128],
  'llama.attention.head_count': ['u32', 4],
  'llama.attention.head_count_kv': ['u32', 2],
  'tokenizer.ggml.model': ['text', 'gpt2'],
  'tokenizer.ggml.tokens': ['texts', ['a', 'b', 'é', '']],
  'tokenizer.ggml.scores': ['numbers', [0.5, 1, 2, 3]],
  'tokenizer.chat_template': ['text', '{{ messages }}'],
};

export const TENSORS: readonly GgufTensor[] = [
  { name: 'token_embd.weight', shape: [64, 4], type: 3, bytes: 160 },
  { name: 'output_norm.weight', shape: [64], bytes: 256 },
];

/** A GGUF file with these parts: the rest is sound. https://github.com/ggml-org/ggml/blob/master/docs/gguf.md */
export function ggufOf(parts: GgufParts = {}): Buffer {
  const { head, dataBytes, alignment } = headOf(parts);
  const padded = pad(head, alignment);
  return Buffer.concat([padded, Buffer.alloc(Math.max(0, dataBytes - (parts.cut ?? 0)))]);
}

/** The same without its weights, and how many bytes those are. */
export function headOf({
  magic = 'GGUF',
  version = 3,
  entries = LLAMA,
  more = [],
  tensors = TENSORS,
  counts = {},
  alignment = 32,
}: GgufParts) {
  const pairs = [...Object.entries(entries), ...more];
  let end = 0;
  const infos = tensors.map((tensor) => {
    const { name, shape, type = 0, bytes = 0 } = tensor;
    const offset = tensor.offset ?? Math.ceil(end / alignment) * alignment;
    end = offset + bytes;
    const dimensions = shape.map((length) => u64(BigInt(length)));
    return Buffer.concat([
      text(name),
      u32(shape.length),
      ...dimensions,
      u32(type),
      u64(BigInt(offset)),
    ]);
  });
  const head = Buffer.concat([
    Buffer.from(magic, 'latin1'),
    u32(version),
    u64(counts.tensors ?? BigInt(tensors.length)),
    u64(counts.keys ?? BigInt(pairs.length)),
    ...pairs.map(([key, entry]) => entryOf(key, entry)),
    ...infos,
  ]);
  return { head, dataBytes: end, alignment };
}

/** A key of the metadata with its value. */
export function entryOf(key: string, entry: GgufEntry): Buffer {
  return Buffer.concat([text(key), written(entry)]);
}

function written([type, value]: GgufEntry): Buffer {
  switch (type) {
    case 'u8':
      return Buffer.concat([u32(0), Buffer.from([value])]);
    case 'u16':
      return Buffer.concat([u32(2), u32(value).subarray(0, 2)]);
    case 'u32':
      return Buffer.concat([u32(4), u32(value)]);
    case 'i32':
      return Buffer.concat([u32(5), u32(value >>> 0)]);
    case 'u64':
      return Buffer.concat([u32(10), u64(BigInt(value))]);
    case 'f32':
      return Buffer.concat([u32(6), f32(value)]);
    case 'bool':
      return Buffer.concat([u32(7), Buffer.from([Number(value)])]);
    case 'text':
      return Buffer.concat([u32(8), text(value)]);
    case 'texts':
      return Buffer.concat([u32(9), u32(8), u64(BigInt(value.length)), ...value.map(text)]);
    case 'numbers':
      return Buffer.concat([u32(9), u32(6), u64(BigInt(value.length)), ...value.map(f32)]);
    case 'integers':
      return Buffer.concat([u32(9), u32(5), u64(BigInt(value.length)), ...value.map(u32)]);
    case 'raw':
      return value;
  }
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(BigInt(bytes.length)), bytes]);
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

function f32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

function pad(bytes: Buffer, alignment: number): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((alignment - (bytes.length % alignment)) % alignment)]);
}
