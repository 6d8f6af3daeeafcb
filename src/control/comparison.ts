import * as z from 'zod/mini';
import type { Frozen } from './operation.ts';
import { count, oneOf, verdict, version } from './values.ts';

const differences = z.array(
  z.object({ weight: oneOf(['breaking', 'suspicious', 'harmless']), what: z.string() }),
);
const counted = z.object({ asked: count, changed: count });

const part = z.number();
const share = z
  .object({ asked: count, changed: count, of: count, low: part, high: part, confidence: part })
  .check(
    z.describe(
      'The share of all `of` kept requests that get another answer: from `low` to `high`; exact if all were sent.',
    ),
  );
const truth = z
  .object({
    metric: oneOf(['accuracy', 'absolute error']),
    rows: count,
    before: part,
    after: part,
    low: part,
    high: part,
    margin: part,
  })
  .check(
    z.describe(
      'Both versions, measured by the truth of the same rows; the gain is between `low` and `high`.',
    ),
  );

const scores = z
  .object({
    asked: count,
    before: z.number(),
    after: z.number(),
    low: z.number(),
    high: z.number(),
  })
  .check(
    z.describe(
      'How likely two language models find the answers of the version before: their perplexities, and the bounds of the mean drop of the log-probability of a token, in nats.',
    ),
  );

const found = z
  .object({ answers: count, f1: part })
  .check(
    z.describe(
      'How much of the boxes or spans of the version before are found again: their mean F1, over the answers in which one of the two versions found some.',
    ),
  );

const sources = z
  .array(z.object({ from: z.string(), asked: count, changed: count }))
  .check(z.describe('The origins of the requests, in words.'));
const worst = z
  .array(
    z.object({
      what: z.string(),
      distance: part.check(
        z.describe('The distance between the two answers, from 0 to 1; 1 for a refusal.'),
      ),
      differs: z.string(),
      request: z.exactOptional(z.string()),
      before: z.exactOptional(z.string()),
      after: z.exactOptional(z.string()),
    }),
  )
  .check(
    z.describe(
      'The requests whose answers differ most, at most ten. Requests of clients are without their content.',
    ),
  );
const distributions = z
  .array(
    z.object({
      place: z.string(),
      kind: oneOf(['numbers', 'labels']),
      moved: z.exactOptional(count.check(z.describe('How many labels differ.'))),
      bins: z.array(z.object({ name: z.string(), before: count, after: count })),
    }),
  )
  .check(z.describe('How often both versions gave which answer, by its place in the answer.'));

/** The gate's finding about a version, beside the one that was live then. */
export const comparison = z
  .object({
    verdict: oneOf(['same', 'changed', 'broken', 'unproven']),
    level: oneOf(['artifacts', 'answers', 'truth', 'none']).check(
      z.describe('The evidence that decided.'),
    ),
    reason: z.string(),
    beside: z
      .object({ version, revision: z.string() })
      .check(z.describe('The version that was live.')),
    decision: oneOf(['passed', 'declared', 'asked', 'blocked']).check(
      z.describe(
        '`declared`: its manifest says that it replaces that version. `asked`: a person decides.',
      ),
    ),
    answered: z.exactOptional(
      z
        .object({ verdict: verdict, by: z.string(), atMs: z.number() })
        .check(z.describe('The decision of the person who was asked.')),
    ),
    differences,
    answers: z.object({
      kept: counted.check(z.describe('Examples, and kept requests of clients.')),
      drawn: counted.check(z.describe('Requests that Slipway generated.')),
      noisy: count.check(
        z.describe('Requests that the version before answered in more than one way.'),
      ),
      signs: z.array(z.string()),
      examples: z.array(z.string()),
      declared: z.exactOptional(
        z
          .array(z.string())
          .check(
            z.describe(
              'The changes that `gate.expect` declares, by which the answers were compared.',
            ),
          ),
      ),
      share: z.exactOptional(share),
      more: z.exactOptional(
        count.check(z.describe('How many more requests would decide; 0 if it is decided.')),
      ),
      truth: z.exactOptional(truth),
      scores: z.exactOptional(scores),
      found: z.exactOptional(found),
      sources: z.exactOptional(sources),
      worst: z.exactOptional(worst),
      distributions: z.exactOptional(distributions),
    }),
  })
  .check(z.meta({ id: 'Comparison' }));

export const versionDiff = z
  .object({
    from: version,
    to: version,
    differences: differences.check(
      z.describe('The differences between the facts of both, the most serious first.'),
    ),
    comparison: z
      .nullable(comparison)
      .check(
        z.describe(
          'The comparison that was made before `to` replaced `from`; null if there was none.',
        ),
      ),
  })
  .check(z.meta({ id: 'VersionDiff' }));

/** How two versions differ. */
export type VersionDiff = Frozen<z.output<typeof versionDiff>>;

export type ComparisonView = Frozen<z.output<typeof comparison>>;
