import { createHash } from 'node:crypto';
import { readerOf, readerOfStream } from '#formats/bytes/byte-reader.ts';
import { compressionOf, decompress } from '#formats/bytes/decompress.ts';
import { pickleGlobals } from '#formats/pickle/globals.ts';
import { scanPickle } from '#formats/pickle/scan.ts';
import { bytesSource } from '../bytes/sources.ts';
import { canonical } from './canonical.ts';

const FILE = 'model.pkl';

/** Follows a pickle as `inspectSklearn` does, and returns the names in it and the object that it would make. */
export async function inspectedPickle(bytes: Buffer): Promise<unknown> {
  const compression = compressionOf(bytes.subarray(0, 64));
  const reader = readerOf(bytesSource(bytes));
  const plain = compression ? readerOfStream(decompress(reader, compression, FILE)) : reader;
  const names: (readonly [string, string])[] = [];
  const opcodes = createHash('sha1');
  const { find, ...globals } = pickleGlobals(FILE, []);
  const { root, tally } = await scanPickle(plain, FILE, {
    globals: {
      ...globals,
      find(module, name, position) {
        names.push([module, name]);
        return find(module, name, position);
      },
    },
    trace: (name, at) => void opcodes.update(`${name}@${at}\n`),
  });
  return {
    names,
    opcodes: opcodes.digest('hex'),
    isJoblib: tally.isJoblib,
    isCompressed: compression !== null && compression !== undefined,
    root: canonical(root),
  };
}

/** The begin of each opcode of a sound pickle, and the end of the last one. */
export async function placesIn(bytes: Buffer): Promise<readonly number[]> {
  const places: number[] = [];
  await scanPickle(readerOf(bytesSource(bytes)), FILE, {
    globals: pickleGlobals(FILE, []),
    trace: (_, at) => void places.push(at),
  });
  return [...places, bytes.length];
}
