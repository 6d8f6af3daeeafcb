import * as z from 'zod/mini';

const DECISIONS = ['warn', 'ask', 'block'] as const;

const truthSchema = z.strictObject({
  metric: z.exactOptional(
    z
      .enum(['accuracy', 'absolute error'])
      .check(
        z.describe(
          'The measure of the answers, where the truth is known: the share of right labels, or the error of numbers as a part of their spread. By default `absolute error` if a truth is a fraction, else `accuracy`.',
        ),
      ),
  ),
  margin: z
    ._default(z.number().check(z.gte(0), z.lte(1)), 0.02)
    .check(
      z.describe(
        'How much worse than the live version a version may be by this measure, from 0 to 1.',
      ),
    ),
  output: z.exactOptional(
    z
      .string()
      .check(
        z.describe(
          'The output that is measured. By default the first with one value for each row.',
        ),
      ),
  ),
});

export type TruthGate = Readonly<z.infer<typeof truthSchema>>;

/** The manifest's `gate`: what a version must be, beside the one that is live, to take its place. */
export const gateSchema = z.strictObject({
  broken: z
    ._default(z.enum(DECISIONS), 'block')
    .check(
      z.describe(
        'The action for a version that refuses requests that the live version takes, or whose answers mean something else: `block` rejects it, `ask` waits until a person approves it, `warn` reports it and goes on.',
      ),
    ),
  changed: z.exactOptional(
    z
      .enum(DECISIONS)
      .check(
        z.describe(
          'The action for a version that gives other answers, without a sign that it is broken. By default `warn`, and `ask` where promotions need an approval.',
        ),
      ),
  ),
  unproven: z
    ._default(z.enum(DECISIONS), 'warn')
    .check(z.describe('The action if there is too little evidence.')),
  expect: z.prefault(
    z.strictObject({
      changed: z
        ._default(z.number().check(z.gte(0), z.lte(1)), 0.02)
        .check(
          z.describe(
            'The share of kept requests and examples that may get another answer, from 0 to 1. Above it a version counts as changed.',
          ),
        ),
    }),
    {},
  ),
  truth: z.prefault(truthSchema, {}),
  replaces: z.exactOptional(
    z
      .int()
      .check(
        z.gte(1),
        z.describe(
          'The number of the live version that this one may replace, even if it breaks its clients. It has no effect while another version is live.',
        ),
      ),
  ),
});

export type Gate = Readonly<z.infer<typeof gateSchema>>;
