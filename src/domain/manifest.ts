import * as z from 'zod/mini';

const LEAST_MEMORY_MIB = 128;
const MOST_MEMORY_MIB = 10_240;
const MEMORY_FORM = 'it is written as 512Mi or 2Gi';
const MIB_PER_UNIT = { Mi: 1, Gi: 1024 } as const;

const example = z.strictObject({
  request: z
    .unknown()
    .check(
      z.describe(
        'What to send: an Open Inference request if `inputs` is a list of tensors, else a body for /invocations.',
      ),
    ),
  expect: z.exactOptional(
    z.unknown().check(z.describe('What the answer must contain; it may contain more.')),
  ),
  rtol: z
    ._default(z.number().check(z.gte(0), z.lte(1)), 1e-4)
    .check(z.describe('How far a number may be from the expected one, relative to that.')),
});

const memory = z.string({ error: MEMORY_FORM }).check(
  z.regex(/^[1-9][0-9]{0,5}(Mi|Gi)$/, { error: MEMORY_FORM }),
  z.refine((quantity) => isWithinLambda(quantity), {
    error: `the limits are ${LEAST_MEMORY_MIB}Mi and ${MOST_MEMORY_MIB}Mi`,
  }),
  z.describe('Memory of one instance, from 128Mi to 10Gi; by default estimated from the model.'),
);

/**
 * A model's manifest, `model.yaml`: one schema for its type, its validation and docs/model.schema.json.
 * All of it is optional, an unknown key is an error. Each version adds the keys it uses.
 */
export const manifestSchema = z
  .strictObject({
    examples: z
      ._default(z.array(example), [])
      .check(z.describe('Requests the model answers. The first proves a new version healthy.')),
    server: z.prefault(
      z.strictObject({
        startupTimeoutSeconds: z
          ._default(z.int().check(z.gte(1), z.lte(3600)), 300)
          .check(z.describe('How long the model server may take to get ready.')),
      }),
      {},
    ),
    resources: z.prefault(z.strictObject({ memory: z.exactOptional(memory) }), {}),
    rollout: z.prefault(
      z.strictObject({
        bakeSeconds: z.exactOptional(
          z
            .int()
            .check(
              z.gte(0),
              z.lte(3600),
              z.describe(
                'How long a new version is watched with traffic before the old one is drained.',
              ),
            ),
        ),
      }),
      {},
    ),
  })
  .check(z.describe('Manifest of a Slipway model.'));

export type Manifest = Readonly<z.infer<typeof manifestSchema>>;

/** The memory (MiB) that the manifest asks for, or null. */
export function memoryMiB({ resources }: Manifest): number | null {
  return resources.memory === undefined ? null : mebibytes(resources.memory);
}

/** `quantity` as Kubernetes writes it, in Mi or Gi. */
function mebibytes(quantity: string): number {
  const unit = quantity.endsWith('Gi') ? 'Gi' : 'Mi';
  return Number.parseInt(quantity, 10) * MIB_PER_UNIT[unit];
}

/** Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
function isWithinLambda(quantity: string): boolean {
  const size = mebibytes(quantity);
  return size >= LEAST_MEMORY_MIB && size <= MOST_MEMORY_MIB;
}
