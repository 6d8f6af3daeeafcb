import type { ModelFacts } from '#domain/artifact/facts.ts';
import { pageOf } from '#domain/artifact/format.ts';
import type { MemoryTerm } from '#domain/artifact/memory-term.ts';
import type { SmokeTest } from '#domain/build/image.ts';
import type { BuildProof } from '#domain/build/proof.ts';
import { WEIGHTS } from './encoder-memory.ts';

const MIB = 1024 * 1024;

// An idle ONNX server was measured at 157 MiB with an 11 MB model, and at 210 MiB while loading on a busy machine. Loading copies the weights once, and inference needs about as much working memory again.
const ONNX_SERVER_BYTES = 256 * MIB;
const WEIGHT_COPIES = 2.5;
// 12 MB of trees take 150 MiB once loaded, and small models are loaded twice (runtimes/onnx/session/session.ts).
const TREE_COPIES = 13;
const LOADED_TWICE_BYTES = 4 * MIB;

// A custom server may need much more memory for a larger request than for the measured one.
const UNKNOWN_BYTES = 512 * MIB;

// The factor on a container's measured memory while answering, to leave room for more than one request.
const HEADROOM = 1.3;
// The factor where as many requests were under way as a replica gets: only larger ones need more.
const SEVERAL_HEADROOM = 1.1;
// A language model takes all its memory at the start: the contexts of its requests are reserved.
const SETTLED_HEADROOM = 1.1;

/** The expected memory, in bytes, for serving an ONNX model of `fileBytes`, with `weightBytes` of tensors; tree nodes are not tensors. */
export function onnxMemory(model: {
  readonly fileBytes: number;
  readonly weightBytes: number;
  readonly hasTrees: boolean;
}): readonly MemoryTerm[] {
  const held = model.hasTrees
    ? { name: 'the trees, unfolded', bytes: model.fileBytes * treeCopies(model.fileBytes) }
    : { name: 'the weights and their copies', bytes: weightsHeld(model) };
  return [{ name: 'the ONNX server', bytes: ONNX_SERVER_BYTES }, held];
}

function weightsHeld({ fileBytes, weightBytes }: Parameters<typeof onnxMemory>[0]): number {
  return Math.ceil(Math.max(fileBytes, weightBytes) * WEIGHT_COPIES);
}

function treeCopies(fileBytes: number): number {
  return fileBytes <= LOADED_TWICE_BYTES ? 2 * TREE_COPIES : TREE_COPIES;
}

/** A model with the terms of its memory. */
type Expected = Pick<ModelFacts, 'format' | 'language' | 'pipeline' | 'unconverted'> & {
  readonly terms: readonly MemoryTerm[];
};

type Measured = {
  readonly proof: Pick<BuildProof, 'conversion' | 'peakBytes' | 'modelBytes'> | null;
  readonly smoke: Pick<SmokeTest, 'peakBytes'> | null;
};

/**
 * The expected memory of a replica, in bytes: the build's measurement plus 30 %, else the sum of the terms. The framework's measurement does not apply to a model served as ONNX;
 * and a server that received few or no requests has not shown the memory of answers, so the terms of ONNX, and those of an encoder in torch, are the minimum. A language model takes all its memory at the start.
 */
export function expectedMemoryBytes(
  model: Expected,
  { proof, smoke }: Measured = { proof: null, smoke: null },
): number {
  const { terms } = model;
  const seenBytes = smoke?.peakBytes ?? 0;
  if (model.language) {
    const mostBytes = Math.max(proof?.peakBytes ?? 0, seenBytes);
    return Math.max(sumOf(terms), Math.ceil(mostBytes * SETTLED_HEADROOM));
  }
  if (proof && !proof.conversion.kept) {
    const mostBytes = Math.ceil(Math.max(proof.peakBytes, seenBytes) * HEADROOM);
    return Math.max(sumOf(model.unconverted ?? []), mostBytes);
  }
  const known = proof ? convertedMemory(model, proof) : terms;
  const knownBytes = known.length > 0 ? Math.ceil(sumOf(known)) : UNKNOWN_BYTES;
  return Math.max(knownBytes, Math.ceil(seenBytes * HEADROOM));
}

/**
 * The expected memory of a replica in a container, in bytes, which has several requests under way: what its server held then and a tenth, where the build measured that, and never less than `memoryBytes`, for one request after another.
 */
export function containerMemoryBytes(
  memoryBytes: number,
  smoke: Pick<SmokeTest, 'measured'> | null,
): number {
  const seenBytes = smoke?.measured?.several?.peakBytes ?? 0;
  return Math.max(memoryBytes, Math.ceil(seenBytes * SEVERAL_HEADROOM));
}

function sumOf(terms: readonly MemoryTerm[]): number {
  return terms.reduce((sum, { bytes }) => sum + bytes, 0);
}

// Most converted models are trees, and no other kind is larger once loaded. The terms of an encoder are those of its unquantized ONNX.
function convertedMemory(
  { terms, format, pipeline }: Expected,
  { modelBytes, conversion }: NonNullable<Measured['proof']>,
): readonly MemoryTerm[] {
  if (!pipeline) {
    const hasTrees = pageOf(format).conversion.to !== 'tensors';
    return onnxMemory({ fileBytes: modelBytes, weightBytes: 0, hasTrees });
  }
  const { bytes = 1, fullBytes = 1 } = conversion.int8 ?? {};
  return terms.map((term) =>
    term.name === WEIGHTS ? { ...term, bytes: (term.bytes * bytes) / fullBytes } : term,
  );
}
