import type { MemoryTerm } from './artifact-facts.ts';
import type { BuildProof } from './build-proof.ts';
import type { SmokeTest } from './image.ts';

const MIB = 1024 * 1024;

// An idle ONNX server holds 157 MiB with an 11 MB model, and one that loads on a busy machine was seen at 210; inference copies the weights once at load and works in about as much again.
const ONNX_SERVER_BYTES = 256 * MIB;
const WEIGHT_COPIES = 2.5;

// What a container used while it was asked, and room for more than one request.
const HEADROOM = 1.3;

/** What serving an ONNX model of `fileBytes`, with `weightBytes` of tensors, is expected to take. */
export function onnxMemory(fileBytes: number, weightBytes: number): readonly MemoryTerm[] {
  const heldBytes = Math.max(fileBytes, weightBytes) * WEIGHT_COPIES;
  return [
    { name: 'the ONNX server', bytes: ONNX_SERVER_BYTES },
    { name: 'the weights and their copies', bytes: Math.ceil(heldBytes) },
  ];
}

type Measured = {
  readonly proof: Pick<BuildProof, 'runtime' | 'peakBytes' | 'modelBytes'> | null;
  readonly smoke: Pick<SmokeTest, 'peakBytes'> | null;
};

/**
 * What a replica is expected to use, in bytes: what the build measured and a third more, else the sum of the terms. Served as ONNX, a model is no longer what its framework used;
 * and a server that was asked for little or nothing has not shown what answers take, so the terms of ONNX are the least.
 */
export function expectedMemoryBytes(
  terms: readonly MemoryTerm[],
  { proof, smoke }: Measured = { proof: null, smoke: null },
): number {
  const seenBytes = smoke?.peakBytes ?? 0;
  if (proof?.runtime === 'python') {
    return Math.ceil(Math.max(proof.peakBytes, seenBytes) * HEADROOM);
  }
  const known = proof ? onnxMemory(proof.modelBytes, proof.modelBytes) : terms;
  const knownBytes = known.reduce((sum, { bytes }) => sum + bytes, 0);
  return Math.max(knownBytes, Math.ceil(seenBytes * HEADROOM));
}
