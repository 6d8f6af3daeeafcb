import { type Pool, startsPerSecond } from '#domain/placement/function-starts.ts';

const POOL: Pool = {
  rate: 1,
  seconds: 0.012,
  startSeconds: 20,
  idleSeconds: 300,
  lifeSeconds: 7200,
};

/** The starts of requests one by one: random arrivals, each to the environment that was used last. */
function oneByOne({ rate, seconds, startSeconds, idleSeconds, lifeSeconds }: Pool): number {
  let seed = 12_345;
  const random = () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return (seed + 0.5) / 2 ** 32;
  };
  const count = 400_000;
  let environments: { freeAt: number; endsAt: number }[] = [];
  let [now, starts] = [0, 0];
  for (let index = 0; index < count; index += 1) {
    now += -Math.log(random()) / rate;
    environments = environments.filter(
      ({ freeAt, endsAt }) => endsAt > now && freeAt + idleSeconds > now,
    );
    const free = environments
      .filter(({ freeAt }) => freeAt <= now)
      .toSorted((one, other) => other.freeAt - one.freeAt)[0];
    if (free) free.freeAt = now + seconds;
    else {
      starts += 1;
      const endsAt = now + lifeSeconds * (0.5 + random());
      environments.push({ freeAt: now + startSeconds + seconds, endsAt });
    }
  }
  return starts / now;
}

describe('the starts of a function', () => {
  it.each([
    { rate: 0.001 },
    { rate: 0.05 },
    { rate: 0.5 },
    { rate: 1 },
    { rate: 5, startSeconds: 3 },
  ])('are as many as requests one by one cause, within a quarter: %j', (each) => {
    const pool = { ...POOL, ...each };

    const ratio = startsPerSecond(pool) / oneByOne(pool);

    expect(Math.abs(ratio - 1)).toBeLessThan(0.25);
  });

  it('are some for each life of an environment in a pool of thousands, and not for each request', () => {
    const startsAt = (rate: number) =>
      startsPerSecond({ ...POOL, rate, seconds: 1, startSeconds: 3 });

    for (const rate of [1800, 1950, 2050, 2500, 20_000]) {
      expect(startsAt(rate)).toBeGreaterThan(1500 / POOL.lifeSeconds);
      expect(startsAt(rate)).toBeLessThan(4000 / POOL.lifeSeconds);
    }
  });

  it('are one for each request where nobody asks twice while an environment waits', () => {
    expect(startsPerSecond({ ...POOL, rate: 1e-6 })).toBeCloseTo(1e-6, 8);
  });
});
