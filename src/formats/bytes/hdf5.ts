import { quoted, rejected } from '#formats/rejected.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { type ByteWindow, openWindow } from './byte-window.ts';

/** A file that is read by its own addresses. */
export type Reading = {
  readonly file: string;
  readonly window: ByteWindow;
  readonly sizeBytes: number;
};

/** A range in the file: a message of an object's header, or a block of such messages. */
type Block = { readonly start: number; readonly bytes: number };
export type Message = Block & { readonly type: number };

const SIGNATURE = '894844460d0a1a0a';
const UNDEFINED = 0xffff_ffff_ffff_ffffn;
const HEAD_BYTES = 96;
const ROOT_ADDRESS_AT = [64, 68];
const BASE_ADDRESS_AT = [24, 28];
const MESSAGE_HEAD_BYTES = 8;
const [CONTINUATION, ATTRIBUTE] = [0x10, 0x0c];
const [FIXED_TEXT, VARIABLE] = [3, 9];
const [OF_TEXT, SCALAR] = [1, 0];
const MAX_READ_BYTES = 64 * 2 ** 20;
const MAX_BLOCKS = 64;
const MAX_MESSAGES = 10_000;
const MAX_HEAP_OBJECTS = 10_000;
const MAX_TEXT_BYTES = 16 * 2 ** 20;

/**
 * The texts among the attributes of an HDF5 file's root, by their names, without its groups and data. It reads the libraries' default format: superblock 0 or 1, headers of version 1.
 * https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html. Fails with `ArtifactRejected` for a file that is not HDF5, or contradicts itself.
 */
export async function hdf5Texts(
  source: ByteSource,
  file: string,
): Promise<ReadonlyMap<string, string>> {
  const reading = openHdf5(source, file, MAX_READ_BYTES);
  const texts = new Map<string, string>();
  const names = new Set<string>();
  for (const message of await messagesOf(reading, await rootAddress(reading))) {
    if (message.type !== ATTRIBUTE) continue;
    const { name, text } = await attributeIn(reading, message);
    if (names.has(name)) throw broken(file, `has the attribute ${quoted(name)} twice`);
    names.add(name);
    if (text !== null) texts.set(name, text);
  }
  return texts;
}

/** Begins to read a file. Fails with `ArtifactRejected` once more than `maxBytes` would be read. */
export function openHdf5(source: ByteSource, file: string, maxBytes: number): Reading {
  return { file, window: openWindow(source, file, maxBytes), sizeBytes: source.sizeBytes };
}

/** The address of the root group's header. */
export async function rootAddress(reading: Reading): Promise<number> {
  const head = await bytesAt(reading, 0, HEAD_BYTES);
  if (head.toString('hex', 0, 8) !== SIGNATURE) throw broken(reading.file, 'is no HDF5 file');
  const version = head.readUInt8(8);
  const [root, base] = [ROOT_ADDRESS_AT[version], BASE_ADDRESS_AT[version]];
  if (root === undefined || base === undefined) {
    throw broken(reading.file, `has a superblock of version ${version}, which is not read`);
  }
  const isUsual = head.readUInt8(13) === 8 && head.readUInt8(14) === 8;
  // A base address would shift all addresses, and a driver would look for them in other files.
  const isAlone =
    head.readBigUInt64LE(base) === 0n && head.readBigUInt64LE(base + 24) === UNDEFINED;
  if (!isUsual || !isAlone)
    throw broken(reading.file, 'has addresses that are not of this file alone');
  return addressIn(reading, head, root);
}

/** All messages of an object's header, in its blocks. */
export async function messagesOf(reading: Reading, at: number): Promise<readonly Message[]> {
  const head = await bytesAt(reading, at, 16);
  if (head.readUInt8(0) !== 1) throw broken(reading.file, 'has a header that is not of version 1');
  const blocks: Block[] = [{ start: at + 16, bytes: head.readUInt32LE(8) }];
  const found: Message[] = [];
  for (let block = blocks.shift(), count = 1; block; block = blocks.shift(), count++) {
    if (count > MAX_BLOCKS)
      throw broken(reading.file, `has more than ${MAX_BLOCKS} blocks of a header`);
    for (const message of await messagesIn(reading, block)) {
      found.push(message);
      if (found.length > MAX_MESSAGES)
        throw broken(reading.file, `has more than ${MAX_MESSAGES} messages`);
      if (message.type === CONTINUATION) blocks.push(await continuation(reading, message));
    }
  }
  return found;
}

async function messagesIn(reading: Reading, { start, bytes }: Block): Promise<readonly Message[]> {
  const block = await bytesAt(reading, start, bytes);
  const found: Message[] = [];
  let at = 0;
  while (at + MESSAGE_HEAD_BYTES <= bytes) {
    const size = block.readUInt16LE(at + 2);
    const from = at + MESSAGE_HEAD_BYTES;
    if (from + size > bytes) throw broken(reading.file, 'has a message that ends after its block');
    found.push({ type: block.readUInt16LE(at), start: start + from, bytes: size });
    at = from + size;
  }
  return found;
}

async function continuation(reading: Reading, { start }: Message): Promise<Block> {
  const at = await bytesAt(reading, start, 16);
  return { start: addressIn(reading, at, 0), bytes: addressIn(reading, at, 8) };
}

/** The attribute's text is null where it holds anything else, or several texts. */
async function attributeIn(
  reading: Reading,
  { start, bytes }: Message,
): Promise<{ readonly name: string; readonly text: string | null }> {
  const message = await bytesAt(reading, start, bytes);
  const field = (at: number) => (at + 2 <= bytes ? message.readUInt16LE(at) : bytes);
  const version = bytes > 0 ? message.readUInt8(0) : 0;
  const padded = (size: number) => (version === 1 ? Math.ceil(size / 8) * 8 : size);
  const nameAt = version === 3 ? 9 : 8;
  const typeAt = nameAt + padded(field(2));
  const spaceAt = typeAt + padded(field(4));
  const valueAt = spaceAt + padded(field(6));
  if (![1, 2, 3].includes(version) || valueAt > bytes || field(4) < 8 || field(6) < 2) {
    throw broken(reading.file, 'has an attribute that is cut off');
  }
  const name = untilNul(message.subarray(nameAt, nameAt + field(2)));
  const isShared = version > 1 && message.readUInt8(1) !== 0;
  const isOne = !isShared && message.readUInt8(spaceAt + 1) === SCALAR;
  const kind = message.readUInt8(typeAt) & 15;
  const value = message.subarray(valueAt);
  if (isOne && kind === FIXED_TEXT) {
    return { name, text: untilNul(value.subarray(0, message.readUInt32LE(typeAt + 4))) };
  }
  const isText = kind === VARIABLE && (message.readUInt8(typeAt + 1) & 15) === OF_TEXT;
  if (!isOne || !isText) return { name, text: null };
  if (value.length < 16) throw broken(reading.file, `has the attribute ${quoted(name)} cut off`);
  const bytesOfText = value.readUInt32LE(0);
  const text = await heapObject(reading, addressIn(reading, value, 4), value.readUInt32LE(12));
  if (bytesOfText > text.length)
    throw broken(reading.file, `has the attribute ${quoted(name)} cut off`);
  return { name, text: untilNul(text.subarray(0, bytesOfText)) };
}

/** One of the texts in a collection of the global heap. */
async function heapObject(reading: Reading, at: number, index: number): Promise<Buffer> {
  const head = await bytesAt(reading, at, 16);
  if (head.toString('latin1', 0, 4) !== 'GCOL')
    throw broken(reading.file, 'has no heap where it says');
  const end = at + addressIn(reading, head, 8);
  let from = at + 16;
  for (let count = 0; from + 16 <= end && count < MAX_HEAP_OBJECTS; count++) {
    const object = await bytesAt(reading, from, 16);
    const size = addressIn(reading, object, 8);
    if (object.readUInt16LE(0) === index && index !== 0) {
      if (size > MAX_TEXT_BYTES) {
        throw broken(reading.file, `has a text of ${size} bytes; the limit is ${MAX_TEXT_BYTES}`);
      }
      return bytesAt(reading, from + 16, size);
    }
    from += 16 + Math.ceil(size / 8) * 8;
  }
  throw broken(reading.file, `has no object ${index} in its heap`);
}

export async function bytesAt(
  { file, window, sizeBytes }: Reading,
  start: number,
  bytes: number,
): Promise<Buffer> {
  if (start + bytes > sizeBytes) {
    throw broken(file, `has ${bytes} bytes at ${start}, but ends at ${sizeBytes}`);
  }
  return Buffer.from(await window.slice({ start, end: start + bytes }));
}

/** An address or a length, which cannot be larger than the file. */
export function addressIn({ file, sizeBytes }: Reading, bytes: Buffer, at: number): number {
  const address = bytes.readBigUInt64LE(at);
  if (address <= BigInt(sizeBytes)) return Number(address);
  throw broken(file, `points to the byte ${address}, but ends at ${sizeBytes}`);
}

export function untilNul(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end === -1 ? bytes.length : end);
}

export function broken(file: string, what: string) {
  return rejected(
    `${file} ${what}`,
    'Save the model as Keras 3 does, `model.save("model.keras")`, and upload the whole file.',
  );
}
