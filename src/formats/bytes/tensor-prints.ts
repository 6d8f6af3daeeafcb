import { createHash } from 'node:crypto';
import type { WeightPrint } from '#domain/artifact/weights.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import type { Span } from './byte-window.ts';
import {
  digestOf,
  MOST_PIECES,
  MOST_PRINTS,
  magnitudesOf,
  type NumberBytes,
  pieceOf,
} from './weight-print.ts';

/** How the numbers of a tensor are written: `itemBytes` for each of them, or for each block of them with its `scales`. */
export type Numbers = {
  readonly itemBytes: number;
  /** The size of a fraction; null for whole numbers and blocks, whose magnitudes are not counted. */
  readonly fractionBytes: NumberBytes | null;
  /** Where the scales are within a block; empty where there is none. */
  readonly scales: readonly Span[];
};

/** A tensor that a training found, and the place of its bytes. */
export type FittedTensor = Pick<WeightPrint, 'name' | 'isFinal' | 'isSparse'> & {
  readonly source: ByteSource;
  readonly start: number;
  readonly bytes: number;
  readonly numbers: Numbers;
  /** Whether it is a list of parts, such as trees, of which every third may be damaged. */
  readonly isList?: boolean;
};

/** Tables of which a training changes single rows: of tokens, of experts, or of one of several matrices that are stored as one. The names are those of transformers, llama.cpp, Keras and torch. */
const SPARSE =
  /embed|embd|lookup|(^|[._/])(wte|wpe)([._/]|$)|exps|experts|qkv|query_key_value|c_attn|in_proj/i;

/** Fractions of so many bits. */
export function fractions(bits: number): Numbers {
  const itemBytes = bits / 8;
  return {
    itemBytes,
    scales: [],
    fractionBytes: [2, 4, 8].includes(itemBytes) ? (itemBytes as NumberBytes) : null,
  };
}

/** Other numbers of so many bits, or of less than a byte. */
export function whole(bits: number): Numbers {
  return { itemBytes: Math.max(1, Math.ceil(bits / 8)), scales: [], fractionBytes: null };
}

/** Whether a training may change only some rows of the tensor with that name. */
export function isSparseName(name: string): boolean {
  return SPARSE.test(name);
}

/** The bytes that are read for the prints of a model: more would take too long from a bucket. */
export const MOST_READ_BYTES = 32 * 2 ** 20;
/** The reads for them. S3 takes $0.0008 for these, and answers sixteen at a time in some four seconds. */
export const MOST_READS = 2048;
const READS_AT_ONCE = 16;
/** Two places that are less apart are read at once. */
const GAP_BYTES = 4096;
const LONGEST_READ = 2 * 2 ** 20;
/** Files in a compressed archive are decompressed again for their prints. */
const MOST_STREAMED_BYTES = 64 * 2 ** 20;
/** More parts make the record long. */
const MOST_PARTS = 64;
const LONGEST_NAME = 120;
/** Fewer numbers of few bits may stay the same in a training, whose steps are too small for them. */
const LEAST_NUMBERS = { ofFewBits: 256, ofBlocks: 16 } as const;
const FEW_BITS = 4;

type Piece = Span & { readonly tensor: number };
/** `pieceBytes` is how much of each piece is read; `isSampled` if that is not all. */
type Plan = {
  readonly tensors: readonly FittedTensor[];
  readonly pieces: number;
  readonly pieceBytes: number;
  readonly isSampled: boolean;
};

/**
 * The prints of tensors. Up to 32 MiB of them are read wholly; of larger models each tensor is sampled at 2 to 16 places from its first byte to its last, at most 2,048 in all.
 * Undefined for a model without tensors, with too many of them or with too many gaps between them, or in a compressed archive that takes long to pass.
 */
export async function tensorPrints(
  tensors: readonly FittedTensor[],
): Promise<readonly WeightPrint[] | undefined> {
  if (tensors.length === 0 || tensors.length > MOST_PRINTS) return undefined;
  if (takeLongToPass(tensors.map(({ source }) => source))) return undefined;
  const plan = planOf(named(tensors));
  const batches = batchesOf(plan);
  if (batches.length > MOST_READS) return undefined;
  const seen = plan.tensors.map(({ numbers: { fractionBytes } }) => ({
    pieces: [] as string[],
    magnitudes: fractionBytes === null ? undefined : magnitudesOf(fractionBytes),
  }));
  for (let at = 0; at < batches.length; at += READS_AT_ONCE) {
    // A stream is read in the order in which its reads begin.
    const reads = batches.slice(at, at + READS_AT_ONCE).map(async (batch) => ({
      batch,
      bytes: await batch.source.read(batch.start, batch.end - batch.start),
    }));
    for (const { batch, bytes } of await Promise.all(reads)) {
      for (const { tensor, start, end } of batch.pieces) {
        const piece = bytes.subarray(start - batch.start, end - batch.start);
        const numbers = plan.tensors[tensor]?.numbers;
        if (numbers) seen[tensor]?.pieces.push(...digestsOf(piece, numbers));
        seen[tensor]?.magnitudes?.see(piece);
      }
    }
  }
  return merged(
    plan.tensors.map(({ name, isFinal, isSparse, bytes }, at) => ({
      ...{ name, isFinal, bytes },
      ...(isSparse && { isSparse }),
      ...(plan.isSampled && { isSampled: true }),
      pieces: seen[at]?.pieces ?? [],
      magnitudes: seen[at]?.magnitudes?.count() ?? null,
    })),
  );
}

/** Whether files lie so far within compressed archives that their tensors have no prints. */
export function takeLongToPass(sources: Iterable<ByteSource>): boolean {
  const streamed = [...new Set(sources)].map(({ streamedBytes = 0 }) => streamedBytes);
  return streamed.reduce((sum, bytes) => sum + bytes, 0) > MOST_STREAMED_BYTES;
}

/** The same with short names that occur once, in the order of these: a file that is saved again may have its tensors in another order. */
function named(tensors: readonly FittedTensor[]): readonly FittedTensor[] {
  const times = new Map<string, number>();
  return tensors
    .map((tensor) => {
      const { name } = tensor;
      const count = (times.get(name) ?? 0) + 1;
      times.set(name, count);
      const own = count === 1 ? name : `${name} (${count})`;
      const short =
        own.length <= LONGEST_NAME ? own : `${own.slice(0, LONGEST_NAME)}… ${digestOf(own)}`;
      return { ...tensor, name: short };
    })
    .sort(byName);
}

function planOf(tensors: readonly FittedTensor[]): Plan {
  const bytes = tensors.reduce((sum, each) => sum + each.bytes, 0);
  if (bytes <= MOST_READ_BYTES) {
    return { tensors, pieces: MOST_PIECES.ofPart, pieceBytes: MOST_READ_BYTES, isSampled: false };
  }
  const least = MOST_READ_BYTES / MOST_READS;
  const readsWith = (pieces: number) =>
    tensors.reduce((sum, each) => sum + (each.bytes <= least ? 1 : pieces), 0);
  for (let pieces: number = MOST_PIECES.ofPart; pieces >= 2; pieces /= 2) {
    const reads = readsWith(pieces);
    if (reads > MOST_READS) continue;
    // A power of two, so that one tensor more does not move all places.
    const pieceBytes = 2 ** Math.floor(Math.log2(MOST_READ_BYTES / reads));
    return { tensors, pieces, pieceBytes, isSampled: true };
  }
  return { tensors: chosenOf(tensors), pieces: 2, pieceBytes: least, isSampled: true };
}

/** As many tensors as there are reads for, the same ones whatever others there are. */
function chosenOf(tensors: readonly FittedTensor[]): readonly FittedTensor[] {
  return tensors
    .map((tensor) => ({ tensor, rank: createHash('sha256').update(tensor.name).digest('hex') }))
    .sort((one, other) => (one.rank < other.rank ? -1 : 1))
    .slice(0, MOST_READS / 2)
    .map(({ tensor }) => tensor)
    .sort(byName);
}

/** The pieces of a tensor, of each as much as is read: from its start in the first one to its end in the last one. */
function piecesOf(
  { bytes, start, isList, numbers: { itemBytes, scales } }: FittedTensor,
  tensor: number,
  { pieces, pieceBytes }: Plan,
): readonly Piece[] {
  const isBlocks = scales.length > 0;
  const fewest = isBlocks
    ? LEAST_NUMBERS.ofBlocks
    : itemBytes < FEW_BITS
      ? LEAST_NUMBERS.ofFewBits
      : 1;
  // A block has a digest of its scales besides.
  const ofOne = isBlocks ? Math.min(pieces, MOST_PIECES.ofPart / 2) : pieces;
  const most = isList ? MOST_PIECES.ofList : ofOne;
  const wholeItems = (length: number) => Math.ceil(length / itemBytes) * itemBytes;
  const step = Math.max(wholeItems(bytes / most), fewest * itemBytes);
  const read = Math.max(itemBytes, Math.floor(pieceBytes / itemBytes) * itemBytes);
  const count = Math.ceil(bytes / step);
  return Array.from({ length: count }, (_, at) => {
    const [from, until] = [at * step, Math.min(bytes, (at + 1) * step)];
    const left = Math.max(0, until - from - read);
    const moved = Math.floor((left * at) / Math.max(1, count - 1) / itemBytes) * itemBytes;
    const begin = start + from + moved;
    return {
      tensor,
      start: begin,
      end: Math.min(start + until, begin + read),
    };
  });
}

type Batch = Span & { readonly source: ByteSource; readonly pieces: readonly Piece[] };

/** The reads, in the order of the bytes in each file. */
function batchesOf(plan: Plan): readonly Batch[] {
  const bySource = new Map<ByteSource, Piece[]>();
  for (const [index, tensor] of plan.tensors.entries()) {
    const pieces = bySource.get(tensor.source) ?? [];
    bySource.set(tensor.source, pieces);
    for (const piece of piecesOf(tensor, index, plan)) pieces.push(piece);
  }
  return [...bySource].flatMap(([source, pieces]) => batchesIn(source, pieces));
}

function batchesIn(source: ByteSource, pieces: readonly Piece[]): readonly Batch[] {
  const batches: { source: ByteSource; start: number; end: number; pieces: Piece[] }[] = [];
  for (const piece of pieces.toSorted((one, other) => one.start - other.start)) {
    const last = batches.at(-1);
    const isNear =
      last !== undefined &&
      piece.start <= last.end + GAP_BYTES &&
      piece.end - last.start <= LONGEST_READ;
    if (isNear) {
      last.end = Math.max(last.end, piece.end);
      last.pieces.push(piece);
    } else {
      batches.push({ source, start: piece.start, end: piece.end, pieces: [piece] });
    }
  }
  return batches;
}

/** One digest; for blocks one of their scales, and one of all. Other numbers behind the same scales were not found by a training, and other scales before the same numbers may have been. */
function digestsOf(bytes: Uint8Array, { itemBytes, scales }: Numbers): readonly string[] {
  const whole = pieceOf(bytes);
  if (scales.length === 0) return [whole];
  const each = scales.reduce((sum, { start, end }) => sum + end - start, 0);
  const own = new Uint8Array(Math.floor(bytes.length / itemBytes) * each);
  let to = 0;
  for (let at = 0; at + itemBytes <= bytes.length; at += itemBytes) {
    for (const { start, end } of scales) {
      own.set(bytes.subarray(at + start, at + end), to);
      to += end - start;
    }
  }
  return [pieceOf(own), whole];
}

/** So few that a record holds them: those of repeated layers become one, whose name has a `*`; then those that differ in any number; then the smallest. */
function merged(prints: readonly WeightPrint[]): readonly WeightPrint[] {
  if (prints.length <= MOST_PARTS) return prints;
  for (const number of [/(?<=^|[._/])\d+(?=[._/]|$)/g, /\d+/g]) {
    const groups = Map.groupBy(prints, ({ name }) => name.replaceAll(number, '*'));
    if (groups.size <= MOST_PARTS) {
      return [...groups].map(([name, group]) => together(name, group));
    }
  }
  const bySize = prints.toSorted((one, other) => other.bytes - one.bytes);
  return [
    ...bySize.slice(0, MOST_PARTS - 1),
    together('the others', bySize.slice(MOST_PARTS - 1).sort(byName)),
  ];
}

/**
 * One print of several: each of its pieces has one of every tensor, so all of them differ where one tensor was trained, and few of them where one is damaged in a few.
 */
function together(name: string, prints: readonly WeightPrint[]): WeightPrint {
  const [first] = prints;
  if (first && prints.length === 1) return first;
  const length = Math.max(...prints.map(({ pieces }) => pieces.length));
  const pieces = Array.from({ length }, (_, at) => {
    const own = prints.map(({ pieces }) => pieces[Math.floor((at * pieces.length) / length)] ?? '');
    return own.every((piece) => piece === '') ? '' : digestOf(own.join());
  });
  const magnitudes = prints.map((print) => print.magnitudes ?? Number.POSITIVE_INFINITY);
  const most = Math.max(...magnitudes);
  return {
    name,
    isFinal: prints.some(({ isFinal }) => isFinal),
    ...(prints.some(({ isSparse }) => isSparse) && { isSparse: true }),
    ...(prints.some(({ isSampled }) => isSampled) && { isSampled: true }),
    bytes: prints.reduce((sum, { bytes }) => sum + bytes, 0),
    pieces,
    magnitudes: Number.isFinite(most) ? most : null,
  };
}

function byName(one: { readonly name: string }, other: { readonly name: string }): number {
  return one.name < other.name ? -1 : 1;
}
