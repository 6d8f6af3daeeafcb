import { createHash } from 'node:crypto';
import type { WeightPrint } from '#domain/artifact/weights.ts';

/** The print of some numbers, without their place in a model. */
export type Print = Pick<WeightPrint, 'bytes' | 'pieces' | 'magnitudes'>;

/** Takes the bytes of a part as they pass by, and makes its print. */
export type Printer = { see(bytes: Uint8Array): void; print(): Print };

/** The bytes of a number, where the numbers are fractions. */
export type NumberBytes = 2 | 4 | 8;

/** More parts of one model have no print: a forest may have hundreds of thousands. */
export const MOST_PRINTS = 20_000;
/** The pieces of a part, and those of a list of parts: every third tree may be damaged. */
export const MOST_PIECES = { ofPart: 16, ofList: 64 } as const;
/** The whole numbers of a piece must not be cut in two. */
const ALIGNED = 8;
const DIGEST_LETTERS = 8;
const HEAD_BYTES = 64 * 1024;
const MOST_MAGNITUDES = 256;

/** A printer of a part of so many bytes. */
export function printerOf(bytes: number, numberBytes: NumberBytes | null): Printer {
  const pieceBytes = Math.ceil(bytes / MOST_PIECES.ofPart / ALIGNED) * ALIGNED;
  const head = new Uint8Array(numberBytes === null ? 0 : Math.min(bytes, HEAD_BYTES));
  const pieces: string[] = [];
  let piece = newPiece();
  let seen = 0;
  return {
    see(chunk) {
      if (seen < head.length) head.set(chunk.subarray(0, head.length - seen), seen);
      for (let at = 0; at < chunk.length; ) {
        const end = Math.min(chunk.length, at + pieceBytes - (seen % pieceBytes));
        piece.see(chunk.subarray(at, end));
        seen += end - at;
        at = end;
        if (seen % pieceBytes !== 0 && seen < bytes) continue;
        pieces.push(piece.digest());
        piece = newPiece();
      }
    },
    print: () => ({ bytes, pieces, magnitudes: numberBytes && magnitudesIn(head, numberBytes) }),
  };
}

/** A printer of a part that is one piece, of any length. */
export function wholePrinter(): Printer {
  const piece = newPiece();
  let seen = 0;
  return {
    see(bytes) {
      seen += bytes.length;
      piece.see(bytes);
    },
    print: () => ({ bytes: seen, pieces: [piece.digest()], magnitudes: null }),
  };
}

/** One print of the items of a list: each piece has some whole items. */
export function printOfList(items: readonly Print[]): Print {
  const [only] = items;
  if (only && items.length === 1) return only;
  return {
    bytes: items.reduce((sum, { bytes }) => sum + bytes, 0),
    pieces: grouped(items).map((group) => digestOf(group.flatMap(({ pieces }) => pieces).join())),
    magnitudes: null,
  };
}

/** The print of a list of texts. */
export function printOfTexts(texts: readonly string[]): Print {
  return {
    bytes: 0,
    pieces: grouped(texts).map((group) => digestOf(group.join('\n'))),
    magnitudes: null,
  };
}

/** The items in their order, in as many groups as there may be pieces. */
function grouped<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  const each = Math.ceil(items.length / MOST_PIECES.ofList);
  return Array.from({ length: Math.ceil(items.length / each) }, (_, at) =>
    items.slice(at * each, (at + 1) * each),
  );
}

export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, DIGEST_LETTERS);
}

/** The digest of one piece; empty where its bytes are all equal. */
export function pieceOf(bytes: Uint8Array): string {
  const piece = newPiece();
  piece.see(bytes);
  return piece.digest();
}

function newPiece() {
  const hash = createHash('sha256');
  let first: number | undefined;
  let isConstant = true;
  return {
    see(bytes: Uint8Array) {
      first ??= bytes[0];
      isConstant &&= bytes.every((byte) => byte === first);
      hash.update(bytes);
    },
    digest: () => (isConstant ? '' : hash.digest('hex').slice(0, DIGEST_LETTERS)),
  };
}

/** How many different magnitudes besides zero the first numbers have, at most 256. */
function magnitudesIn(head: Uint8Array, numberBytes: NumberBytes): number {
  const { see, count } = magnitudesOf(numberBytes);
  see(head);
  return count();
}

/** Counts the magnitudes besides zero of the first 64 KiB of numbers, up to 256 of them. Numbers are written with their lowest byte first, and have their sign in the highest bit. */
export function magnitudesOf(numberBytes: NumberBytes) {
  const found = new Set<number>();
  let left = HEAD_BYTES;
  return {
    see(bytes: Uint8Array): void {
      const head = bytes.subarray(0, left);
      left -= head.length;
      const view = new DataView(head.buffer, head.byteOffset, head.length);
      const read = {
        2: (at: number) => view.getUint16(at, true) & 0x7fff,
        4: (at: number) => view.getUint32(at, true) & 0x7fff_ffff,
        8: (at: number) => Math.abs(view.getFloat64(at, true)),
      }[numberBytes];
      const isFull = () => found.size >= MOST_MAGNITUDES;
      for (let at = 0; at + numberBytes <= head.length && !isFull(); at += numberBytes) {
        const value = read(at);
        if (value !== 0) found.add(value);
      }
    },
    count: () => found.size,
  };
}
