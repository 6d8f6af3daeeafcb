import * as z from 'zod/mini';

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const replicas = z.int().check(z.gte(1), z.lte(100));

const timeZone = z.string().check(
  z.refine((name) => isTimeZone(name), {
    error: 'expected the name of a time zone in the IANA database: Europe/Berlin, or UTC',
  }),
  z.describe('The time zone of `at`, as in the IANA database.'),
);

const limits = z.refine<{ readonly min: number; readonly max?: number | undefined }>(
  ({ min, max = min }) => min <= max,
  { path: ['max'], error: 'it must be at least `min`' },
);

const schedule = z
  .strictObject({
    days: z
      ._default(z.array(z.enum(DAYS)).check(z.minLength(1)), [...DAYS])
      .check(z.describe('The days of the week on which it begins; by default every day.')),
    at: z
      .string()
      .check(
        z.regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/, { error: 'expected a time such as 08:30' }),
        z.describe('The time of the day at which it begins.'),
      ),
    timeZone: z._default(timeZone, 'UTC'),
    min: replicas,
    max: z.exactOptional(replicas),
  })
  .check(limits);

/** The manifest's `scaling`: how many replicas serve. For Lambda, which scales by itself, only `max` counts, and only on one machine. */
export const scalingSchema = z
  .strictObject({
    min: z._default(replicas, 1).check(z.describe('The replicas that always run.')),
    max: z
      .exactOptional(replicas)
      .check(z.describe('The maximum number of replicas; by default `min`.')),
    requestsPerMinute: z.exactOptional(
      z
        .int()
        .check(
          z.gte(1),
          z.describe(
            'Target number of requests per minute for one replica; above it another replica is started. By default from the time that the build measured, at 60 % utilisation; 600 with a GPU, or if it measured none.',
          ),
        ),
    ),
    spot: z.exactOptional(
      z
        .strictObject({
          onDemandBase: z
            ._default(z.int().check(z.gte(0), z.lte(100)), 1)
            .check(z.describe('How many replicas do not run on Spot capacity.')),
        })
        .check(z.describe('Run on Spot capacity, which costs less and can be interrupted.')),
    ),
    schedules: z
      ._default(z.array(schedule), [])
      .check(z.maxLength(20), z.describe('Different limits from a given time of day on.')),
  })
  .check(limits);

export type Scaling = Readonly<z.infer<typeof scalingSchema>>;

// Application Auto Scaling takes neither offsets (+01:00) nor names in another case (europe/berlin), which this runtime knows.
// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html
const ZONE = /^(UTC|[A-Z][\w+-]*(\/[A-Z][\w+-]*)+)$/;

function isTimeZone(name: string): boolean {
  if (!ZONE.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** The scaling of a revision, with every default filled in. */
export type ReplicaScaling = Scaling & { readonly requestsPerMinute: number };

const UNMEASURED_PER_MINUTE = 600;

/** The manifest's scaling, completed by what the placement found for its demand. */
export function completeScaling(
  scaling: Scaling,
  found: { readonly max?: number; readonly requestsPerMinute: number } | undefined,
): ReplicaScaling {
  const { requestsPerMinute = found?.requestsPerMinute ?? UNMEASURED_PER_MINUTE } = scaling;
  const max = scaling.max ?? (found?.max && Math.max(scaling.min, found.max));
  return { ...scaling, ...(max && { max }), requestsPerMinute };
}
