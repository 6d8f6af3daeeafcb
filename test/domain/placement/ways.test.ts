import { NO_LIMITS, type Question } from '#domain/placement/demand.ts';
import { cheapest } from '#domain/placement/optimize.ts';
import { SHIPPED_PRICES } from '#domain/placement/unit-prices.ts';
import { waysToSpendLess } from '#domain/placement/ways.ts';

/** A model of 100 ms at 24 requests a second, all day: 4 tasks on Fargate, $175. */
const BUSY: Question = {
  demand: { requestsPerSecond: 24, peak: 24, p95Ms: null, coldStarts: 'allowed', hours: 730 },
  measured: {
    requestMs: 100,
    parallelPart: 0,
    memoryMiB: 1769,
    imageBytes: 1,
    startMs: 2000,
    rowMs: 2,
  },
  limits: NO_LIMITS,
  allowsSpot: false,
};

describe('the ways to spend less', () => {
  it('are at most three, the cheapest first, each with what to change and the bill after it', () => {
    const ways = waysToSpendLess(BUSY);

    expect(ways.map(({ what }) => what)).toEqual([
      expect.stringMatching(/^send 8 rows in a request: /),
      'allow Spot (scaling.spot): 4 tasks of 1 vCPU and 2048 MiB on fargate (Spot)',
      'log no requests (slipway deploy --param accessLog=off), so nobody sees who called what: 4 tasks of 1 vCPU and 2048 MiB on fargate',
    ]);
    expect(ways[0]?.percent).toBeLessThan(ways[1]?.percent ?? 0);
    // Three of four tasks at half of $36.04 a month.
    expect(ways[1]?.percent).toBe(Math.round((-1.5 * 36.04 * 100) / (175 + 4.7 + 255)));
  });

  it('name the limits that cost something', () => {
    const question: Question = {
      ...BUSY,
      demand: { ...BUSY.demand, requestsPerSecond: 1, peak: 1, p95Ms: 120, coldStarts: 'none' },
      limits: { ...BUSY.limits, leastReplicas: 3 },
      allowsSpot: true,
      measured: { ...BUSY.measured, rowMs: 100 },
    };

    expect(waysToSpendLess(question).map(({ what }) => what.split(':')[0])).toEqual([
      'let requests wait for starts (traffic.coldStarts',
      'keep one replica in quiet hours (scaling.min',
      'allow twice the time (traffic.p95Ms',
    ]);
  });

  describe('with weights of eight bits', () => {
    const lighter = { what: 'upload a GGUF file in Q8_0', savedMiB: 3000 };
    const large = { ...BUSY.measured, rowMs: 100, memoryMiB: 6144, lighter };
    const isLighter = ({ what }: { what: string }) => what.startsWith(lighter.what);
    const question = (rate: number, more: Partial<Question['measured']> = {}): Question => ({
      ...BUSY,
      demand: { ...BUSY.demand, requestsPerSecond: rate, peak: rate },
      measured: { ...large, ...more },
      allowsSpot: true,
    });

    it.each([
      { rate: 0.5, target: 'lambda' },
      { rate: 30, target: 'fargate' },
    ])('save what the optimiser finds for so much less memory: $target', ({ rate, target }) => {
      const asked = question(rate);
      const before = cheapest(asked)!;
      const after = cheapest(question(rate, { memoryMiB: 3144 }))!;

      const way = waysToSpendLess(asked).find(isLighter);

      expect(after.target).toBe(target);
      expect(way).toEqual({
        what: expect.stringContaining(`${lighter.what}: `),
        usd: after.usd,
        percent: Math.round((after.usd / before.usd - 1) * 100),
      });
    });

    it('save a container what several requests at once leave', () => {
      const asked = question(30, { several: { atOnce: 8, memoryMiB: 9000, times: 1 } });

      expect(waysToSpendLess(asked).find(isLighter)?.what).toMatch(/ [68]\d{3} MiB on fargate/);
    });

    it('are not among them where memory does not decide the bill', () => {
      // A function has 1,769 MiB with its whole vCPU anyway.
      expect(waysToSpendLess(question(0.5, { memoryMiB: 3500 })).find(isLighter)).toBeDefined();
      const small = question(0.5, { memoryMiB: 1700, lighter: { ...lighter, savedMiB: 900 } });
      expect(waysToSpendLess(small).find(isLighter)).toBeUndefined();
    });
  });

  it('save the entry of each request by no access log, where the stack has one', () => {
    const asked = { ...BUSY, allowsSpot: true, measured: { ...BUSY.measured, rowMs: 100 } };
    const prices = { ...SHIPPED_PRICES, accessLog: 'off' } as const;
    const [way] = waysToSpendLess(asked);

    const before = cheapest(asked)?.usd ?? 0;
    // An entry counts as 5 kB, of $0.029 a GB.
    expect(way?.what).toMatch(/^log no requests/);
    expect(before - (way?.usd ?? 0)).toBeCloseTo(24 * 730 * 3600 * 5e-6 * 0.029, 6);
    expect(waysToSpendLess({ ...asked, prices })).toEqual([]);
    expect(cheapest({ ...asked, prices })?.usd).toBeCloseTo(way?.usd ?? 0, 6);
  });

  it('are none where nothing keeps what was asked', () => {
    expect(waysToSpendLess({ ...BUSY, demand: { ...BUSY.demand, p95Ms: 1 } })).toEqual([]);
  });
});
