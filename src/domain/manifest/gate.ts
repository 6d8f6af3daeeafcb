import * as z from 'zod/mini';

const DECISIONS = ['warn', 'block'] as const;

/** The manifest's `gate`: what a version must be, beside the one that is live, to take its place. */
export const gateSchema = z.strictObject({
  broken: z
    ._default(z.enum(DECISIONS), 'block')
    .check(
      z.describe(
        'The action for a version that refuses requests that the live version takes, or whose answers mean something else: `block` rejects it, `warn` reports it and goes on.',
      ),
    ),
  changed: z
    ._default(z.enum(DECISIONS), 'warn')
    .check(
      z.describe('The same for one that answers otherwise, without a sign that it is broken.'),
    ),
  unproven: z
    ._default(z.enum(DECISIONS), 'warn')
    .check(z.describe('The same where there is too little evidence.')),
  replaces: z.exactOptional(
    z
      .int()
      .check(
        z.gte(1),
        z.describe(
          'The number of the live version that this one may replace whatever it breaks. It says nothing of any other version.',
        ),
      ),
  ),
});

export type Gate = Readonly<z.infer<typeof gateSchema>>;
