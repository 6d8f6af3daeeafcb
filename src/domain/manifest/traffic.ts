import * as z from 'zod/mini';
import { HOURS_A_MONTH } from '#domain/placement/spending.ts';

/** The most requests a second that a demand may have. */
export const MOST_PER_SECOND = 100_000;
/** The longest that a request may take (ms): as long as a function runs. */
export const MOST_MS = 900_000;

const rate = z.number().check(z.positive(), z.lte(MOST_PER_SECOND));

/** The manifest's `traffic`: the requests that the model is expected to get, and how fast it has to answer. The placement is chosen for it. */
export const trafficSchema = z
  .strictObject({
    requestsPerSecond: rate.check(
      z.describe('Requests per second, on average over the hours in which it is called.'),
    ),
    peak: z.exactOptional(
      rate.check(
        z.describe(
          'Requests per second in the busiest minute; by default twice requestsPerSecond.',
        ),
      ),
    ),
    p95Ms: z.exactOptional(
      z
        .int()
        .check(
          z.gte(1),
          z.lte(MOST_MS),
          z.describe(
            'The most milliseconds that 95 % of the requests may take in the model; by default there is no limit.',
          ),
        ),
    ),
    coldStarts: z
      ._default(z.enum(['allowed', 'none']), 'allowed')
      .check(
        z.describe(
          'Whether a request may wait for a server to start; `none` rules out Lambda unless it is named by placement.target.',
        ),
      ),
    hours: z
      ._default(z.number().check(z.positive(), z.lte(HOURS_A_MONTH)), HOURS_A_MONTH)
      .check(
        z.describe(
          'The hours of a month in which it is called: 730 is always, 174 is office hours.',
        ),
      ),
  })
  .check(
    z.refine(({ requestsPerSecond, peak = requestsPerSecond }) => peak >= requestsPerSecond, {
      path: ['peak'],
      error: 'it must be at least `requestsPerSecond`',
    }),
  );

export type Traffic = Readonly<z.infer<typeof trafficSchema>>;
