import { createHash } from 'node:crypto';
import type { BuildProof } from '#domain/build/proof.ts';
import { addConstantModel } from '../models/onnx.ts';

const FEATURES = 2;

/** The result of a build of a Python model: here every artifact is one that adds its own number, 0 … 255, and can be served as ONNX. */
export function converted(artifact: Uint8Array): {
  readonly model: Uint8Array;
  readonly proof: BuildProof;
} {
  const constant = addend(artifact);
  const [x, y] = [
    [1, 2],
    [1 + constant, 2 + constant],
  ];
  const tensor = (name: string) => ({ name, datatype: 'FP32', shape: [FEATURES] }) as const;
  return {
    model: addConstantModel({ constant, shape: [FEATURES] }),
    proof: {
      runtime: 'onnx',
      modelFile: 'model.onnx',
      conversion: {
        kept: true,
        reason: 'all 200 golden rows are answered the same',
        rows: 200,
        maxDifference: 0,
        nativeMicros: 210,
        onnxMicros: 9,
      },
      importMs: 812,
      loadMs: 41,
      peakBytes: 190_000_000,
      modelBytes: 4096,
      signature: { inputs: [tensor('x')], outputs: [tensor('y')] },
      takesColumns: false,
      example: {
        request: { protocol: 'infer', body: { inputs: [{ ...tensor('x'), data: x }] } },
        expect: { outputs: [{ name: 'y', data: y }] },
        rtol: 1e-5,
      },
      packages: ['numpy==2.4.1', 'xgboost-cpu==3.4.1'],
    },
  };
}

/** The number that an artifact's model adds. */
export function addend(artifact: Uint8Array): number {
  return createHash('sha256').update(artifact).digest()[0] ?? 0;
}
