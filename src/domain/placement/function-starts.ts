/** A function's requests a second, how long it takes for each and for a start (s), and how long AWS keeps an environment: idle, and at all (s). */
export type Pool = {
  readonly rate: number;
  readonly seconds: number;
  readonly startSeconds: number;
  readonly idleSeconds: number;
  readonly lifeSeconds: number;
};

// A larger pool has further environments, whose starts are left out: so many requests keep each of them nearly all of its life.
const MOST_ENVIRONMENTS = 2000;
// An environment that is asked less often than this in its idle time adds nothing to see.
const LEAST_ASKED = 1e-3;

/**
 * How many environments start, per second, where requests arrive at random and go to the environment that was used last.
 * The nth environment gets the requests that find the first n - 1 busy, by Erlang's loss formula, and starts where one comes after it was gone. One that starts so is as good as a renewal of the pool:
 * only without one for a whole life does an environment end by its age, and then each request that finds no other starts one, until the first is ready. `bench/placement.ts` has it beside requests one by one.
 */
export function startsPerSecond(pool: Pool): number {
  const { rate, startSeconds, lifeSeconds } = pool;
  const asked = askedEach(pool);
  const gone = asked.map((each) => Math.exp(-each * pool.idleSeconds));
  const [first = rate, ...more] = asked.map((each, index) => each * (gone[index] ?? 0));
  const overflow = more.reduce((sum, each) => sum + each, 0);
  const kept = gone.reduce((sum, each) => sum + 1 - each, 0);
  const aged = kept > 0 ? kept * agedPerSecond((first + overflow) / kept, lifeSeconds) : 0;
  // Where the last of the pool is the one that is missing: the requests that would have been its own.
  const beyond = asked.length < MOST_ENVIRONMENTS ? 1 : 0;
  const burst = asked.reduce((sum, each, index) => {
    const isLast = (1 - (gone[index] ?? 0)) * (gone[index + 1] ?? beyond);
    return sum + isLast * each * startSeconds;
  }, 0);
  return Math.min(rate, first + overflow + aged * (1 + burst));
}

/** The requests a second that each environment gets, the first one first. */
function askedEach({ rate, seconds, idleSeconds }: Pool): readonly number[] {
  const asked: number[] = [];
  const load = rate * seconds;
  let lost = 1;
  while (asked.length < MOST_ENVIRONMENTS) {
    asked.push(rate * lost);
    if (rate * lost * idleSeconds < LEAST_ASKED) break;
    // Erlang's recursion, from one environment to the next.
    lost = (load * lost) / (asked.length + load * lost);
  }
  return asked;
}

/** How often a life passes without a renewal, for each environment; once in a life where there are no renewals. */
function agedPerSecond(renewals: number, lifeSeconds: number): number {
  const without = Math.exp(-renewals * lifeSeconds);
  return renewals * lifeSeconds < 1e-6 ? 1 / lifeSeconds : (renewals * without) / (1 - without);
}
