import * as z from 'zod/mini';
import { signatureSchema } from '#domain/artifact/signature.ts';
import type { Manifest } from '#domain/manifest/manifest.ts';
import { measurement } from './measurement.ts';
import { RUNTIME_NAMES } from './runtime.ts';

const micros = z.number().check(z.nonnegative());
const bytes = z.int().check(z.nonnegative());
const milliseconds = z.number().check(z.nonnegative());

/**
 * The facts that a build learned by loading the model in a separate process: how it is served, and `peakBytes`, its peak memory in its own framework.
 * `conversion`: whether it serves as ONNX, why or why not, how many golden rows were compared in both, the largest difference of an answer, as a part of the spread of the answers, and the latency per row in each (microseconds; null where not measured).
 * Its `int8`, where the manifest requests it: whether the weights are quantized, why or why not, and the bytes of the ONNX file in int8 and in full.
 * `example` is a golden row with the answer of the model's own framework where that is short enough, null where the row itself is too long.
 */
export const buildProof = z.object({
  runtime: z.enum(RUNTIME_NAMES),
  /** The path of the served file or folder in the image's model folder. */
  modelFile: z.string().check(z.minLength(1)),
  conversion: z.object({
    kept: z.boolean().check(z.describe('Whether it serves as ONNX.')),
    reason: z.string(),
    rows: z.int().check(z.nonnegative()),
    maxDifference: z
      .nullable(z.number())
      .check(
        z.describe(
          'The largest difference of an answer; of a model of rows as a part of the spread of the answers.',
        ),
      ),
    nativeMicros: z.nullable(micros),
    onnxMicros: z.nullable(micros),
    int8: z.exactOptional(
      z.object({
        kept: z.boolean(),
        reason: z.string(),
        bytes: z.exactOptional(bytes),
        fullBytes: z.exactOptional(bytes),
      }),
    ),
  }),
  importMs: milliseconds,
  loadMs: milliseconds,
  peakBytes: bytes,
  /** The size of the served file or folder. */
  modelBytes: bytes,
  signature: z.nullable(signatureSchema),
  takesColumns: z.boolean(),
  example: z.nullable(
    z.object({
      request: z.object({ protocol: z.enum(['infer', 'invocations']), body: z.unknown() }),
      expect: z.exactOptional(z.unknown()),
      rtol: z.number().check(z.gte(0), z.lte(1)),
    }),
  ),
  /** The time of the answers as the model is served; absent where it answers no golden request in this process. */
  measured: z.exactOptional(measurement),
  /** How many rows of waiting requests its server may answer in one run, 1 where each request is answered alone, and why; absent for models that take no rows. */
  batching: z.exactOptional(
    z.object({
      rows: z
        .int()
        .check(
          z.gte(1),
          z.lte(64),
          z.describe(
            'How many rows of waiting requests may be answered in one run; 1: each alone.',
          ),
        ),
      reason: z.string(),
    }),
  ),
  /** The exact packages of the environment, as `name==version`; if there are too many, the last entry counts the rest. */
  packages: z.array(z.string()),
});

export type BuildProof = Readonly<z.infer<typeof buildProof>>;

const QUANTIZE =
  'Take runtime.optimize out of model.yaml; or quantize it with texts of its own (`onnxruntime.quantization.quantize_static`) and upload that model.onnx in the place of the safetensors.';

/** Why weights that the manifest requests in int8 are served in full, and what to do instead; undefined where they are in int8, or the manifest does not request it. */
export function keptInFull(
  { optimize }: Pick<Manifest['runtime'], 'optimize'>,
  proof: Pick<BuildProof, 'conversion'> | null | undefined,
): string | undefined {
  if (optimize !== 'int8' || !proof || proof.conversion.int8?.kept) return undefined;
  const { int8, reason } = proof.conversion;
  return `runtime.optimize is int8, but the weights are served in full: ${int8?.reason ?? reason}. ${QUANTIZE}`;
}
