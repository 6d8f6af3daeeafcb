/** An attribute of the root: a text as h5py writes it, one of a fixed length, or of anything else. */
export type Hdf5Attribute = {
  readonly name: string;
  readonly text: string;
  readonly kind?: 'variable' | 'fixed' | 'number' | 'list';
  readonly version?: 1 | 2 | 3;
};

const ROOT = 96;
const SCALAR = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
const LIST = Buffer.from([1, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
const TYPES = {
  variable: (_: number) => Buffer.from([0x19, 1, 0, 0, 16, 0, 0, 0]),
  fixed: (size: number) => Buffer.from([0x13, 0, 0, 0, size & 255, size >> 8, 0, 0]),
  number: (_: number) => Buffer.from([0x10, 8, 0, 0, 4, 0, 0, 0]),
  list: (_: number) => Buffer.from([0x13, 0, 0, 0, 8, 0, 0, 0]),
};

/** An HDF5 file with nothing but a root and its attributes, the later half of them in a separate block, as HDF5 continues a header. */
export function hdf5Of(attributes: readonly Hdf5Attribute[]): Buffer {
  const middle = Math.ceil(attributes.length / 2);
  const parts = [attributes.slice(0, middle), attributes.slice(middle)];
  const [first = 0, second = 0] = parts.map((part) => sizeOf(part));
  const continued = ROOT + 16 + first + 24;
  const heapAt = continued + second;
  const heap = heapOf(attributes);
  const blocks = parts.map((part, at) =>
    messages(part, heapAt, attributes, at === 0 ? continuation(continued, second) : undefined),
  );
  const header = Buffer.alloc(16);
  header.writeUInt8(1, 0);
  header.writeUInt16LE(attributes.length + 1, 2);
  header.writeUInt32LE(1, 4);
  header.writeUInt32LE(first + 24, 8);
  const body = Buffer.concat([header, ...blocks, heap]);
  return Buffer.concat([superblock(ROOT + body.length), body]);
}

function superblock(end: number): Buffer {
  const block = Buffer.alloc(ROOT);
  Buffer.from('894844460d0a1a0a', 'hex').copy(block);
  block.writeUInt8(8, 13);
  block.writeUInt8(8, 14);
  block.writeUInt16LE(4, 16);
  block.writeUInt16LE(16, 18);
  block.fill(0xff, 32, 40);
  block.writeBigUInt64LE(BigInt(end), 40);
  block.fill(0xff, 48, 56);
  block.writeBigUInt64LE(BigInt(ROOT), 64);
  return block;
}

function sizeOf(attributes: readonly Hdf5Attribute[]): number {
  return attributes.reduce((sum, each) => sum + 8 + attribute(each, 0, 0).length, 0);
}

function messages(
  part: readonly Hdf5Attribute[],
  heapAt: number,
  all: readonly Hdf5Attribute[],
  last?: Buffer,
): Buffer {
  const written = part.map((each) => message(0x0c, attribute(each, heapAt, all.indexOf(each) + 1)));
  return Buffer.concat([...written, ...(last ? [last] : [])]);
}

function message(type: number, body: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16LE(type, 0);
  head.writeUInt16LE(body.length, 2);
  return Buffer.concat([head, body]);
}

function continuation(at: number, bytes: number): Buffer {
  const body = Buffer.alloc(16);
  body.writeBigUInt64LE(BigInt(at), 0);
  body.writeBigUInt64LE(BigInt(bytes), 8);
  return message(0x10, body);
}

function attribute(
  { name, text, kind = 'variable', version = 1 }: Hdf5Attribute,
  heapAt: number,
  index: number,
): Buffer {
  const named = Buffer.from(`${name}\0`);
  const type = TYPES[kind](Buffer.byteLength(text));
  const space = kind === 'list' ? LIST : SCALAR;
  const head = Buffer.alloc(version === 3 ? 9 : 8);
  head.writeUInt8(version, 0);
  for (const [at, { length }] of [named, type, space].entries())
    head.writeUInt16LE(length, 2 + 2 * at);
  const aligned = version === 1 ? padded : (bytes: Buffer) => bytes;
  const value = kind === 'variable' ? pointer(text, heapAt, index) : Buffer.from(text);
  return padded(Buffer.concat([head, aligned(named), aligned(type), aligned(space), value]));
}

function pointer(text: string, heapAt: number, index: number): Buffer {
  const value = Buffer.alloc(16);
  value.writeUInt32LE(Buffer.byteLength(text), 0);
  value.writeBigUInt64LE(BigInt(heapAt), 4);
  value.writeUInt32LE(index, 12);
  return value;
}

/** All texts, each as the object with the number of its attribute. */
function heapOf(attributes: readonly Hdf5Attribute[]): Buffer {
  const objects = attributes.map(({ text }, at) => {
    const head = Buffer.alloc(16);
    head.writeUInt16LE(at + 1, 0);
    head.writeUInt16LE(1, 2);
    head.writeBigUInt64LE(BigInt(Buffer.byteLength(text)), 8);
    return Buffer.concat([head, padded(Buffer.from(text))]);
  });
  const body = Buffer.concat(objects);
  const head = Buffer.alloc(16);
  head.write('GCOL', 0);
  head.writeUInt8(1, 4);
  head.writeBigUInt64LE(BigInt(16 + body.length), 8);
  return Buffer.concat([head, body]);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)]);
}
