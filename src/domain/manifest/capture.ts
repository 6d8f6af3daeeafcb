import * as z from 'zod/mini';

// A server reads them from a variable, and all of a function's variables together have 4 KB: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const MOST_PRIVATE_BYTES = 1000;
/** The most days for which a manifest may keep requests. No month is shorter, so each of these days has a key of its own. */
export const MOST_DAYS = 28;
const FIELD_FORM = 'expected the name of a field, of 1 to 200 characters';

/** The manifest's `capture`: which requests of clients are kept, sealed. Where it is absent, none is. */
export const captureSchema = z
  .strictObject({
    requestsPerHour: z
      ._default(z.int().check(z.gte(1), z.lte(10_000)), 100)
      .check(z.describe('How many requests of an hour are kept: a random sample of all.')),
    megabytes: z
      ._default(z.int().check(z.gte(1), z.lte(10_000)), 200)
      .check(
        z.describe(
          'The most space that all kept requests take, in millions of bytes; each hour may take its share of that.',
        ),
      ),
    days: z
      ._default(z.int().check(z.gte(1), z.lte(MOST_DAYS)), 7)
      .check(z.describe('How long a request is kept.')),
    private: z
      ._default(
        z
          .array(
            z
              .string({ error: FIELD_FORM })
              .check(z.minLength(1, FIELD_FORM), z.maxLength(200, FIELD_FORM)),
          )
          .check(
            z.maxLength(50),
            z.refine((names) => JSON.stringify(names).length <= MOST_PRIVATE_BYTES, {
              error: `the names of private fields take more than ${MOST_PRIVATE_BYTES} characters together`,
            }),
          ),
        [],
      )
      .check(
        z.describe(
          'Private fields: if a request or its answer has one, the request is counted but not kept.',
        ),
      ),
  })
  .check(
    z.describe(
      'Keeps requests of clients, sealed (encrypted), with which later versions are compared.',
    ),
  );

export type Capture = Readonly<z.infer<typeof captureSchema>>;
