import * as z from 'zod/mini';
import type { Frozen } from './operation.ts';
import { count, oneOf, version } from './values.ts';

const differences = z.array(
  z.object({ weight: oneOf(['breaking', 'suspicious', 'harmless']), what: z.string() }),
);
const counted = z.object({ asked: count, changed: count });

/** The gate's finding about a version, beside the one that was live then. */
export const comparison = z
  .object({
    verdict: oneOf(['same', 'changed', 'broken', 'unproven']),
    level: oneOf(['artifacts', 'answers', 'none']).check(z.describe('The evidence that decided.')),
    reason: z.string(),
    beside: z
      .object({ version, revision: z.string() })
      .check(z.describe('The version that was live.')),
    decision: oneOf(['passed', 'declared', 'blocked']).check(
      z.describe('`declared`: its manifest says that it replaces that version.'),
    ),
    differences,
    answers: z.object({
      kept: counted.check(z.describe('Requests that people gave as examples.')),
      drawn: counted.check(z.describe('Requests that Slipway drew.')),
      noisy: count.check(
        z.describe('Requests that the version before answered in more than one way.'),
      ),
      signs: z.array(z.string()),
      examples: z.array(z.string()),
    }),
  })
  .check(z.meta({ id: 'Comparison' }));

export const versionDiff = z
  .object({
    from: version,
    to: version,
    differences: differences.check(
      z.describe('The differences between the facts of both, the heaviest first.'),
    ),
    comparison: z
      .nullable(comparison)
      .check(
        z.describe(
          'The comparison that was made when `to` was to replace `from`; null if there was none.',
        ),
      ),
  })
  .check(z.meta({ id: 'VersionDiff' }));

/** How two versions differ. */
export type VersionDiff = Frozen<z.output<typeof versionDiff>>;

export type ComparisonView = Frozen<z.output<typeof comparison>>;
