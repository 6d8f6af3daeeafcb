import * as z from 'zod/mini';

/** The tensor datatypes of the Open Inference Protocol v2, by its names, and BF16, which Triton adds. */
export const DATATYPES = [
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP16',
  'BF16',
  'FP32',
  'FP64',
  'BYTES',
] as const;

const tensorSpec = z.object({
  name: z.string(),
  datatype: z.enum(DATATYPES),
  shape: z.readonly(z.array(z.int().check(z.gte(-1)))),
  isUnranked: z.exactOptional(z.literal(true)),
  isOptional: z.exactOptional(z.literal(true)),
  classes: z.exactOptional(z.readonly(z.array(z.string()))),
});

/** A model's inputs and outputs, in the model's order. It travels with the workflow and is kept in the registry. */
export const signatureSchema = z.object({
  inputs: z.readonly(z.array(tensorSpec)),
  outputs: z.readonly(z.array(tensorSpec)),
});

export type Datatype = (typeof DATATYPES)[number];

/**
 * One tensor as a model declares it. In `shape` -1 is a free dimension and [] a scalar,
 * unless `isUnranked`: then the model does not declare a shape and takes any rank. An input that `isOptional` may be left out of a request. `classes` are the classes of a classifier's
 * probabilities, one column each.
 */
export type TensorSpec = Readonly<z.infer<typeof tensorSpec>>;

/** A signature travels with the workflow, and facts are kept in the registry. */
export const MOST_CLASSES = { count: 100, characters: 4000 } as const;

/** The `classes` of a tensor, where they are known and few enough to be kept. */
export function classesOf(labels: readonly string[]): Pick<TensorSpec, 'classes'> {
  const isKept =
    labels.length <= MOST_CLASSES.count && labels.join('').length <= MOST_CLASSES.characters;
  return labels.length > 0 && isKept ? { classes: labels } : {};
}

/** The number of elements in a shape without free dimensions. */
export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

export type Signature = Readonly<z.infer<typeof signatureSchema>>;
