import * as z from 'zod/mini';
import { signatureSchema } from '#domain/artifact/signature.ts';
import { RUNTIME_NAMES } from './runtime.ts';

const micros = z.number().check(z.nonnegative());
const bytes = z.int().check(z.nonnegative());
const milliseconds = z.number().check(z.nonnegative());

/**
 * What a build learned by loading the model in a separate process: how it is served, and `peakBytes`, its peak memory in its own framework.
 * `conversion`: whether it serves as ONNX, why or why not, how many golden rows were compared in both, the largest difference of a probability, and the latency per row in each (microseconds; null where not measured).
 * `example` is a golden row with the answer of the model's own framework where that is short enough, null where the row is not.
 */
export const buildProof = z.object({
  runtime: z.enum(RUNTIME_NAMES),
  /** The path of the served file or folder in the image's model folder. */
  modelFile: z.string().check(z.minLength(1)),
  conversion: z.object({
    kept: z.boolean(),
    reason: z.string(),
    rows: z.int().check(z.nonnegative()),
    maxDifference: z.nullable(z.number()),
    nativeMicros: z.nullable(micros),
    onnxMicros: z.nullable(micros),
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
  /** The exact packages of the environment, as `name==version`; if there are too many, the last entry counts the rest. */
  packages: z.array(z.string()),
});

export type BuildProof = Readonly<z.infer<typeof buildProof>>;
