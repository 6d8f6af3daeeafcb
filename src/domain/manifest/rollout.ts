import * as z from 'zod/mini';

const STRATEGIES = ['auto', 'all-at-once', 'canary', 'linear'] as const;

/** The default shares (percent) of each strategy; `auto` is at most a canary. */
export const STEPS = {
  canary: [10, 100],
  linear: [20, 40, 60, 80, 100],
} as const;

// A bake is checked every 30 s, and each check uses some of an execution's 25,000 events.
const LONGEST_BAKE_SECONDS = 7200;

const steps = z.array(z.int().check(z.gte(1), z.lte(100))).check(
  z.minLength(1),
  z.maxLength(10),
  z.refine((shares) => isAscending(shares), {
    error: 'the steps must increase, and the last must be 100',
  }),
  z.describe(
    'Percentages of the traffic that the new version gets, one after another. Not allowed with all-at-once; evenly spaced with linear.',
  ),
);

/** The manifest's `rollout`: how the traffic moves to a new version. */
export const rolloutSchema = z
  .strictObject({
    strategy: z
      ._default(z.enum(STRATEGIES), 'auto')
      .check(
        z.describe(
          'How the traffic moves to a new version. `auto`: all at once on Lambda and on one machine, a canary in containers.',
        ),
      ),
    steps: z.exactOptional(steps),
    bakeSeconds: z.exactOptional(
      z
        .int()
        .check(
          z.gte(0),
          z.lte(3600),
          z.describe(
            'How long a new version is watched after each step, before the next or before the old one is drained.',
          ),
        ),
    ),
    minRequests: z
      ._default(z.int().check(z.gte(1)), 50)
      .check(
        z.describe(
          'If there are fewer client requests than this, a version is judged by probes alone.',
        ),
      ),
    alarms: z
      ._default(z.array(z.string().check(z.minLength(1), z.maxLength(255))), [])
      .check(
        z.maxLength(10),
        z.describe(
          'Names of CloudWatch alarms; if one is in state ALARM during the bake time, the version is rolled back.',
        ),
      ),
    keepVersions: z
      ._default(z.int().check(z.gte(1), z.lte(20)), 3)
      .check(z.describe('How many previous versions are kept ready to start again.')),
  })
  .check(
    z.refine(({ strategy, steps: shares }) => strategy !== 'all-at-once' || shares === undefined, {
      path: ['steps'],
      error: 'all-at-once takes no steps; remove them, or use the strategy canary or linear',
    }),
    z.refine(
      ({ strategy, steps: shares }) =>
        !(strategy === 'canary' || strategy === 'linear') || shares?.length !== 1,
      {
        path: ['steps'],
        error:
          'canary and linear need at least two steps; for a single step use the strategy all-at-once',
      },
    ),
    z.refine(({ strategy, steps: shares }) => strategy !== 'linear' || isEven(shares), {
      path: ['steps'],
      error: 'the steps of linear must be evenly spaced; for other steps use the strategy canary',
    }),
    z.refine(
      ({ strategy, steps: shares, bakeSeconds = 0 }) => {
        const own = strategy === 'linear' ? STEPS.linear : STEPS.canary;
        return (shares ?? own).length * bakeSeconds <= LONGEST_BAKE_SECONDS;
      },
      {
        path: ['bakeSeconds'],
        error: `the limit for all steps together is ${LONGEST_BAKE_SECONDS} s`,
      },
    ),
  );

export type Rollout = Readonly<z.infer<typeof rolloutSchema>>;

function isAscending(shares: readonly number[]): boolean {
  const isRising = shares.every((share, index) => share > (shares[index - 1] ?? 0));
  return isRising && shares.at(-1) === 100;
}

/** Whether the steps are as even as whole percents allow: 33, 66, 100. */
function isEven(shares: readonly number[] = STEPS.linear): boolean {
  const each = 100 / shares.length;
  return shares.every((share, index) => Math.abs(share - each * (index + 1)) <= 1);
}
