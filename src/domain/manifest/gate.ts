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

const label = z.union([z.string(), z.number()]);

const labelsSchema = z.strictObject({
  added: z.exactOptional(
    z.array(label).check(z.describe('Labels that the live version does not have.')),
  ),
  removed: z.exactOptional(
    z.array(label).check(z.describe('Labels of the live version that this one no longer has.')),
  ),
  renamed: z.exactOptional(
    z
      .record(z.string(), label)
      .check(z.describe('Labels of the live version, each with its name in this one.')),
  ),
});

const tolerance = z.number().check(z.gte(0), z.lte(1));

const outputSchema = z.strictObject({
  scale: z.exactOptional(
    z.number().check(
      z.refine((scale) => scale !== 0, 'a scale of 0 makes one answer of all'),
      z.describe('The factor between its numbers and those of the live version. By default 1.'),
    ),
  ),
  offset: z.exactOptional(
    z
      .number()
      .check(
        z.describe('The number that is added to those of the live version, after the factor.'),
      ),
  ),
  tolerance: z.exactOptional(
    tolerance.check(z.describe('The tolerance for this output alone, from 0 to 1.')),
  ),
});

const expectSchema = z.strictObject({
  changed: z
    ._default(z.number().check(z.gte(0), z.lte(1)), 0.02)
    .check(
      z.describe(
        'The share of kept requests and examples that may get another answer, from 0 to 1. Above it a version counts as changed.',
      ),
    ),
  tolerance: z.exactOptional(
    tolerance.check(
      z.describe(
        'How far a number may be from that of the live version, as a part of it, and still count as the same, from 0 to 1. By default 0.0001.',
      ),
    ),
  ),
  labels: z.exactOptional(
    labelsSchema.check(
      z.describe(
        'The labels that differ on purpose. Answers with these labels do not count as changed.',
      ),
    ),
  ),
  outputs: z.exactOptional(
    z
      .record(z.string(), outputSchema)
      .check(
        z.describe(
          'Outputs by their names whose numbers differ on purpose: scale × the number of the live version + offset. Answers are compared after that; a version whose numbers do not have this scale is broken.',
        ),
      ),
  ),
});

/** The difference between the answers of a version and those of the live one, as its owner declares it. */
export type ExpectedChanges = Readonly<z.infer<typeof expectSchema>>;

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
  expect: z.prefault(expectSchema, {}),
  truth: z.prefault(truthSchema, {}),
  replay: z.exactOptional(
    z
      .boolean()
      .check(
        z.describe(
          'Whether kept requests of clients, and requests that Slipway generates, are sent to both versions. By default `true`, and `false` where the code of one of them may reach the network (`runtime.network: open`), since an answer may then act on something else. Examples are always sent.',
        ),
      ),
  ),
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
