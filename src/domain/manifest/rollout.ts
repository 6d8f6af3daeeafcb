import * as z from 'zod/mini';

const STRATEGIES = ['auto', 'all-at-once', 'canary', 'linear'] as const;

/** The shares (percent) of the strategies whose steps the manifest does not name; `auto` is at most a canary. */
export const STEPS = {
  canary: [10, 100],
  linear: [20, 40, 60, 80, 100],
} as const;

// A bake is looked at every 30 s, and each look costs an execution some of the 25,000 events that it may have.
const LONGEST_BAKE_SECONDS = 7200;

const steps = z.array(z.int().check(z.gte(1), z.lte(100))).check(
  z.minLength(1),
  z.maxLength(10),
  z.refine((shares) => isAscending(shares), {
    error: 'the steps rise, and the last is 100',
  }),
  z.describe(
    'The shares of the traffic (percent) that the new version gets, one after another; not with all-at-once, and evenly apart with linear.',
  ),
);

/** `rollout` of a manifest: how the traffic moves to a new version. */
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
        z.describe('Below this many requests of clients a version is judged by probes alone.'),
      ),
    alarms: z
      ._default(z.array(z.string().check(z.minLength(1), z.maxLength(255))), [])
      .check(
        z.maxLength(10),
        z.describe('CloudWatch alarms by name; one that rings during the bake rolls back.'),
      ),
    keepVersions: z
      ._default(z.int().check(z.gte(1), z.lte(20)), 3)
      .check(z.describe('How many versions before the live one stay ready to be started again.')),
  })
  .check(
    z.refine(({ strategy, steps: shares }) => strategy !== 'all-at-once' || shares === undefined, {
      path: ['steps'],
      error: 'all-at-once has no steps; leave them out, or take the strategy canary or linear',
    }),
    z.refine(
      ({ strategy, steps: shares }) =>
        !(strategy === 'canary' || strategy === 'linear') || shares?.length !== 1,
      {
        path: ['steps'],
        error: 'a canary or linear has two steps at least; for one take the strategy all-at-once',
      },
    ),
    z.refine(({ strategy, steps: shares }) => strategy !== 'linear' || isEven(shares), {
      path: ['steps'],
      error: 'the steps of linear are evenly apart; for others take the strategy canary',
    }),
    z.refine(
      ({ strategy, steps: shares, bakeSeconds = 0 }) => {
        const own = strategy === 'linear' ? STEPS.linear : STEPS.canary;
        return (shares ?? own).length * bakeSeconds <= LONGEST_BAKE_SECONDS;
      },
      {
        path: ['bakeSeconds'],
        error: `all steps together may bake for ${LONGEST_BAKE_SECONDS} s`,
      },
    ),
  );

export type Rollout = Readonly<z.infer<typeof rolloutSchema>>;

function isAscending(shares: readonly number[]): boolean {
  const isRising = shares.every((share, index) => share > (shares[index - 1] ?? 0));
  return isRising && shares.at(-1) === 100;
}

/** As far apart as whole percents can be: 33, 66, 100. */
function isEven(shares: readonly number[] = STEPS.linear): boolean {
  const each = 100 / shares.length;
  return shares.every((share, index) => Math.abs(share - each * (index + 1)) <= 1);
}
