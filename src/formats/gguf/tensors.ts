import {
  type FittedTensor,
  fractions,
  isSparseName,
  type Numbers,
  whole,
} from '#formats/bytes/tensor-prints.ts';
import ggml from '#formats/data/ggml-types.json' with { type: 'json' };
import { quoted, rejected } from '#formats/rejected.ts';
import { type GgufCursor, RESAVE } from './cursor.ts';

/** The totals over a file's tensors: the number of elements and bytes of each type. `endsAt` and the starts of `places` count from the start of their data. */
export type GgufTensors = {
  readonly count: number;
  readonly names: ReadonlySet<string>;
  readonly parameters: number;
  readonly bytes: number;
  readonly endsAt: number;
  readonly byType: ReadonlyMap<string, number>;
  readonly places: readonly Omit<FittedTensor, 'source'>[];
};

type Block = {
  readonly name: string;
  readonly elements: number;
  readonly bytes: number;
  /** The bytes of a block that hold its scales, each from its first one to the one after its last. */
  readonly scales?: readonly (readonly number[])[];
};

const TYPES: Readonly<Record<string, Block>> = ggml.types;
// Numbers that count something.
const COUNTS = /^I(8|16|32|64)$/;
const FRACTIONS = /^(BF16|F16|F32|F64)$/;
// GGML_MAX_DIMS and GGML_MAX_NAME of ggml.h.
const MAX_DIMENSIONS = 4;
const MAX_NAME_BYTES = 63;

/**
 * Reads the list of tensors. As llama.cpp requires, each begins where the one before ends, at a multiple of `alignment`,
 * and no name occurs twice. Fails with `ArtifactRejected`.
 */
export async function readTensors(
  cursor: GgufCursor,
  file: string,
  { count, alignment }: { readonly count: number; readonly alignment: number },
): Promise<GgufTensors> {
  const names = new Set<string>();
  const byType = new Map<string, number>();
  const places: Omit<FittedTensor, 'source'>[] = [];
  let [parameters, bytes, endsAt, next] = [0, 0, 0, 0];
  for (let index = 0; index < count; index += 1) {
    const name = await cursor.text(`the name of tensor ${index}`, MAX_NAME_BYTES);
    const refuse = (fault: string) =>
      rejected(`${file} is damaged: its tensor ${quoted(name)} ${fault}`, RESAVE);
    if (names.has(name)) throw refuse('is there twice');
    names.add(name);
    const { block, elements, offset } = await readTensor(cursor, refuse);
    if (offset !== next) throw refuse(`begins at byte ${offset} of the data, not at ${next}`);
    const size = (elements / block.elements) * block.bytes;
    parameters += elements;
    bytes += size;
    endsAt = offset + size;
    next = Math.ceil(endsAt / alignment) * alignment;
    if (!Number.isSafeInteger(next)) throw refuse(`takes ${size} bytes`);
    byType.set(block.name, (byType.get(block.name) ?? 0) + elements);
    if (size === 0 || COUNTS.test(block.name)) continue;
    const sparse = isSparseName(name) && { isSparse: true };
    places.push({
      name,
      isFinal: true,
      ...sparse,
      start: offset,
      bytes: size,
      numbers: numbersOf(block),
    });
  }
  return { count, names, parameters, bytes, endsAt, byType, places };
}

function numbersOf({ name, elements, bytes, scales = [] }: Block): Numbers {
  if (FRACTIONS.test(name)) return fractions(8 * bytes);
  if (elements === 1) return whole(8 * bytes);
  const spans = scales.map(([start = 0, end = 0]) => ({ start, end }));
  return { itemBytes: bytes, fractionBytes: null, scales: spans };
}

async function readTensor(cursor: GgufCursor, refuse: (fault: string) => Error) {
  const dimensions = await cursor.u32('the dimensions of a tensor');
  if (dimensions > MAX_DIMENSIONS) {
    throw refuse(`has ${dimensions} dimensions; the limit is ${MAX_DIMENSIONS}`);
  }
  let [elements, row] = [1, 1];
  for (let axis = 0; axis < dimensions; axis += 1) {
    const length = await cursor.u64('the shape of a tensor');
    if (axis === 0) row = length;
    elements *= length;
  }
  const type = await cursor.u32('the type of a tensor');
  const block = TYPES[type];
  if (!block) throw refuse(`has the type ${type}, which ggml has none of`);
  if (!Number.isSafeInteger(elements)) throw refuse(`has ${elements} elements`);
  if (row % block.elements !== 0) {
    throw refuse(
      `has rows of ${row} elements; those of ${block.name} are in blocks of ${block.elements}`,
    );
  }
  return { block, elements, offset: await cursor.u64('the place of a tensor') };
}
