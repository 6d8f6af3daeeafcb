import * as z from 'zod/mini';
import { signatureSchema } from '#domain/artifact/signature.ts';
import { RUNTIME_NAMES } from './runtime.ts';

const micros = z.number().check(z.nonnegative());
const bytes = z.int().check(z.nonnegative());
const milliseconds = z.number().check(z.nonnegative());

/**
 * What a build found out by loading the model in a process of its own: how it is served, and what that takes: `peakBytes` of memory in its own framework.
 * `conversion`: whether it serves as ONNX, why or why not, on how many golden rows both were compared, the largest difference of a probability, and what a row takes in each (microseconds; null where it was not measured).
 * `example` is a golden row with the answer of the model's own framework where that is short enough, null where the row is not.
 */
export const buildProof = z.object({
  runtime: z.enum(RUNTIME_NAMES),
  /** The path of what is served, in the image's model folder. */
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
  /** Of the file or folder that is served. */
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
  /** The exact packages of the environment, as `name==version`; where they are too many, the last says how many more there are. */
  packages: z.array(z.string()),
});

export type BuildProof = Readonly<z.infer<typeof buildProof>>;
