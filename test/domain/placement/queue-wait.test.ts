import { wait95, waitingAtMost } from '#domain/placement/queue-wait.ts';

describe('the wait before a server', () => {
  it('is none for as many requests as find it free', () => {
    expect(waitingAtMost(0.3, 0)).toBeCloseTo(0.7, 10);
    expect(wait95(0.05)).toBe(0);
  });

  it.each([11, 82, 1000])('is never %d times as long as a request', (times) => {
    expect(waitingAtMost(0.6, times)).toBe(1);
  });

  // Lindley's recursion over random arrivals.
  it.each([0.06, 0.2, 0.4, 0.6])('is that of requests one by one: a load of %d', (load) => {
    let seed = 12_345;
    const random = () => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return (seed + 0.5) / 2 ** 32;
    };
    let wait = 0;
    const waits = Array.from({ length: 400_000 }, () => {
      const own = wait;
      wait = Math.max(0, wait + 1 + Math.log(random()) / load);
      return own;
    });
    const simulated = waits.toSorted((a, b) => a - b)[Math.floor(waits.length * 0.95)] ?? 0;

    expect(Math.abs(wait95(load) - simulated)).toBeLessThan(0.04);
  });
});
