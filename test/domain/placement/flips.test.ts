import { NO_LIMITS, type Question } from '#domain/placement/demand.ts';
import { demandCurve } from '#domain/placement/demand-curve.ts';
import { flipsAt, nextChange } from '#domain/placement/flips.ts';
import { atRate, cheapest } from '#domain/placement/optimize.ts';

function asked(
  requestMs: number,
  memoryMiB: number,
  more: Omit<Partial<Question>, 'demand'> & { readonly demand?: Partial<Question['demand']> } = {},
): Question {
  return {
    measured: { requestMs, parallelPart: 0.5, memoryMiB, imageBytes: 1024 ** 3, startMs: 5000 },
    limits: NO_LIMITS,
    allowsSpot: true,
    ...more,
    demand: {
      requestsPerSecond: 1,
      peak: 2,
      p95Ms: null,
      coldStarts: 'allowed',
      hours: 730,
      ...more.demand,
    },
  };
}

/** Where the choice changes first above a rate, by trying each fifth of a percent of it. */
function firstChange(question: Question, from: number): number {
  const at = (rate: number) => cheapest(atRate(question, rate))?.target;
  const today = at(from);
  let rate = from;
  while (at(rate) === today && rate < from * 1000) rate *= 1.002;
  return rate;
}

describe('the next rate at which another target is the choice', () => {
  // One task is full at 0.9 a second, and costs less than the function from 0.895 on: a window of 0.7 %.
  const narrow = asked(600, 4000, { demand: { p95Ms: 2000 } });

  it.each([
    ['a plain model', asked(25, 1769)],
    ['a large model', asked(100, 6144)],
    ['a model with a p95', asked(3, 900, { demand: { p95Ms: 50 } })],
    ['a window that ends where a second task is needed', narrow],
    ['few executions', asked(100, 1769, { limits: { ...NO_LIMITS, lambdaConcurrency: 2 } })],
  ])('is the true one, and the same from wherever the search begins: %s', (_, question) => {
    const found = flipsAt(atRate(question, 0.3)) ?? 0;
    const starts = [0.3, 0.4, 0.55, 0.7, 0.85].filter((rate) => rate < found);

    expect(Math.abs(found / firstChange(question, 0.3) - 1)).toBeLessThan(0.005);
    expect(starts.length).toBeGreaterThan(3);
    for (const rate of starts) {
      expect(flipsAt(atRate(question, rate))).toBeCloseTo(found, 9);
    }
  });

  it('is the one that the curve over the demand has', () => {
    const { breakEvens } = demandCurve(narrow);
    const next = breakEvens.find(({ requestsPerSecond }) => requestsPerSecond > 1);

    expect(breakEvens.map(({ from, to }) => [from, to])).toEqual([
      ['lambda', 'fargate'],
      ['fargate', 'lambda'],
      ['lambda', 'fargate'],
    ]);
    expect(nextChange(narrow).flip).toEqual(next);
  });

  it('is no function for a model that nobody calls where cold starts are ruled out', () => {
    const demand = { requestsPerSecond: 0, peak: 0, coldStarts: 'none' } as const;

    expect(nextChange(asked(25, 1769, { demand, allowsSpot: false })).flip?.to).not.toBe('lambda');
  });

  it('is none where nothing keeps the limits from some rate on', () => {
    const limits = { ...NO_LIMITS, maxMonthlyUsd: 10 };

    expect(nextChange(asked(25, 1769, { limits })).flip).toBeNull();
  });
});

describe('the limits', () => {
  const limits = { ...NO_LIMITS, maxMonthlyUsd: 10 };

  it('end to be kept from some rate on, where that comes before a flip, by one that the choice breaks', () => {
    const { flip, limitsChange } = nextChange(asked(25, 1769, { limits }));
    const at = (rate: number) => cheapest(atRate(asked(25, 1769, { limits }), rate));

    expect(flip).toBeNull();
    expect(limitsChange).toMatchObject({
      isKept: false,
      target: 'lambda',
      refusal: expect.stringMatching(
        /^it costs \$10\.\d\d a month; the cap maxMonthlyUsd is \$10$/,
      ),
    });
    expect(at(limitsChange!.requestsPerSecond)).toBeUndefined();
    expect(at(limitsChange!.requestsPerSecond / 1.01)?.target).toBe('lambda');
  });

  it('begin to be kept from some rate on, as by a function that is called often enough to stay warm', () => {
    const demand = { requestsPerSecond: 0.0001, peak: 0.0002, p95Ms: 500 };
    const question = asked(25, 1769, { demand, limits: { ...limits, maxMonthlyUsd: 5 } });

    expect(cheapest(question)).toBeUndefined();
    expect(nextChange(question)).toMatchObject({
      flip: null,
      limitsChange: { isKept: true, target: 'lambda', requestsPerSecond: expect.closeTo(0.01, 3) },
    });
  });

  it('are never kept where no demand changes what breaks them', () => {
    const question = asked(25, 1769, { demand: { p95Ms: 1 } });

    expect(nextChange(question)).toEqual({
      flip: null,
      limitsChange: { requestsPerSecond: 1, isKept: false },
    });
  });

  it('stay kept where no greater demand breaks them', () => {
    const question = asked(25, 1769, { demand: { coldStarts: 'none' } });

    expect(nextChange(question).limitsChange).toBeNull();
  });
});

describe('the reason of a flip', () => {
  it('is the lower bill', () => {
    expect(nextChange(asked(25, 1769)).flip).toMatchObject({
      from: 'lambda',
      to: 'fargate',
      why: 'cheaper',
    });
  });

  it('is the limit that the choice breaks from there on, where it would cost no more', () => {
    const limits = { ...NO_LIMITS, lambdaConcurrency: 1, lambdaMemoryMiB: 1769 };
    const flip = nextChange(asked(25, 1769, { limits })).flip;

    // 40 requests a second at the peak take one execution of 25 ms; the bills cross at 21.7.
    expect(flip).toMatchObject({
      requestsPerSecond: expect.closeTo(20, 1),
      from: 'lambda',
      to: 'fargate',
      why: 'limit',
      refusal: 'the peak needs 2 executions at once; the account has 1',
    });
  });
});
