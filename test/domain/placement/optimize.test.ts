import {
  type Demand,
  type Limits,
  type Measured,
  NO_LIMITS,
  type Question,
} from '#domain/placement/demand.ts';
import { flipsAt } from '#domain/placement/flips.ts';
import { cheapest, knownMsOn, rankedOptions } from '#domain/placement/optimize.ts';
import { frontDoor, total } from '#domain/placement/priced-option.ts';
import { SHIPPED_PRICES } from '#domain/placement/unit-prices.ts';

const GIB = 1024 ** 3;

/** All day, without a peak; a request of one thread, a model of 1,769 MiB that starts in 2 s. */
function asked(
  ms: number,
  rps: number,
  more: {
    readonly demand?: Partial<Demand>;
    readonly measured?: Partial<Measured>;
    readonly limits?: Partial<Limits>;
    readonly allowsSpot?: boolean;
  } = {},
): Question {
  return {
    demand: {
      requestsPerSecond: rps,
      peak: rps,
      p95Ms: null,
      coldStarts: 'allowed',
      hours: 730,
      ...more.demand,
    },
    measured: {
      requestMs: ms,
      parallelPart: 0,
      memoryMiB: 1769,
      imageBytes: GIB,
      startMs: 2000,
      ...more.measured,
    },
    limits: { ...NO_LIMITS, ...more.limits },
    allowsSpot: more.allowsSpot ?? false,
  };
}

const SIX_GB = { memoryMiB: 6144 };

// The arithmetic, in USD a month and without the front door, which costs the same on each target:
// - one request a second all day is 2.628 million requests. On Lambda each million costs $0.20, and with 1,769 MiB $0.0288 for each millisecond.
// - one task of 1 vCPU and 2 GB is $36.04 and its address $3.65; the load balancer is $16.43. So N replicas cost 16.43 + 39.69 N. N = requests/s × seconds / 0.6, rounded up.
// - with 6 GB, a task is 0.0672 × 730 = $49.02 and 52.67 with its address; a million requests of 1 ms cost $0.1 on Lambda.
const CASES: readonly [string, Question, 'lambda' | 'fargate' | undefined][] = [
  ['25 ms at 1 a second: Lambda $2.4, Fargate $56', asked(25, 1), 'lambda'],
  [
    '25 ms at 1 a second in office hours: $0.6, $56',
    asked(25, 1, { demand: { hours: 174 } }),
    'lambda',
  ],
  ['25 ms at 50 a second: $121, Fargate 3 replicas $135.5', asked(25, 50), 'lambda'],
  ['25 ms at 80 a second: $193, Fargate 4 replicas $175', asked(25, 80), 'fargate'],
  ['100 ms at 5 a second: $40.5, $56.1', asked(100, 5), 'lambda'],
  ['100 ms at 20 a second: $162, Fargate 4 replicas $175', asked(100, 20), 'lambda'],
  ['100 ms at 24 a second fill 4 replicas: $194, $175', asked(100, 24), 'fargate'],
  [
    '100 ms at 24 a second for 174 hours: $46, 1254 task hours $84.6',
    asked(100, 24, { demand: { hours: 174 } }),
    'lambda',
  ],
  ['500 ms at 5 a second: $192, Fargate 5 replicas $215', asked(500, 5), 'lambda'],
  ['500 ms at 6 a second fill 5 replicas: $230, $215', asked(500, 6), 'fargate'],
  // 19 % of one task is 0.38 requests a second: 0.38 × 2.628 × (0.2 + 500 × 0.1) = $50.1, beside 69.1 with the load balancer; its fee moves the flip to 0.53.
  [
    '6 GB, 500 ms, 19 % of a task: $50, $69 with the load balancer',
    asked(500, 0.38, { measured: SIX_GB }),
    'lambda',
  ],
  ['6 GB, 500 ms, 30 % of a task: $79, $69', asked(500, 0.6, { measured: SIX_GB }), 'fargate'],
  ['no cold starts', asked(25, 1, { demand: { coldStarts: 'none' } }), 'fargate'],
  [
    'one request an hour is a cold start of 2 s each, and the p95 is 500 ms',
    asked(25, 1 / 3600, { demand: { p95Ms: 500 } }),
    'fargate',
  ],
  [
    'a peak of 20 executions at once with a quota of 10',
    asked(100, 1, { demand: { peak: 200 }, limits: { lambdaConcurrency: 10 } }),
    'fargate',
  ],
  [
    'a peak of 10 executions at once with a quota of 10',
    asked(100, 1, { demand: { peak: 100 }, limits: { lambdaConcurrency: 10 } }),
    'lambda',
  ],
  [
    '12 GB of memory, which Lambda does not have',
    asked(25, 1, { measured: { memoryMiB: 12288 } }),
    'fargate',
  ],
  [
    'an image of 11 GiB, which no function holds',
    asked(25, 1, { measured: { imageBytes: 11 * GIB } }),
    'fargate',
  ],
  [
    '5 replicas with a cap of 4 go to Lambda',
    asked(500, 6, { limits: { maxReplicas: 4 } }),
    'lambda',
  ],
  [
    'a cap of $100 where the cheapest costs $175',
    asked(100, 24, { limits: { maxMonthlyUsd: 100 } }),
    undefined,
  ],
  // 1 task at 36.04, 2 at half of it, 3 addresses, the load balancer and two of its units: $111.2.
  [
    '25 ms at 50 a second where Spot is allowed: $111.2',
    asked(25, 50, { allowsSpot: true }),
    'fargate',
  ],
  ['a p95 below the time of a request alone', asked(300, 1, { demand: { p95Ms: 200 } }), undefined],
];

describe('the cheapest placement that keeps the limits', () => {
  it.each(CASES)('%s', (_, question, target) => {
    expect(cheapest(question)?.target).toBe(target);
  });

  it.each([
    // Lambda's log of a million calls is $0.15, and 25 requests a second take a capacity unit of $5.84 a month.
    { ms: 25, rps: 50, lambda: 121 + 19.7, fargate: 136 + 11.7 },
    { ms: 100, rps: 20, lambda: 162 + 7.9, fargate: 175 + 4.7 },
    { ms: 100, rps: 5, lambda: 40 + 2, fargate: 56 + 1.2 },
    { ms: 500, rps: 5, lambda: 192 + 2, fargate: 215 + 1.2 },
  ])('$ms ms at $rps a second cost what they were computed to, within 2 %', (row) => {
    const question = asked(row.ms, row.rps);
    const before = total(frontDoor(question.demand, SHIPPED_PRICES));
    const own = (target: string) =>
      (rankedOptions(question).find((each) => each.target === target)?.usd ?? 0) - before;

    expect(own('lambda') / row.lambda).toBeCloseTo(1, 1);
    expect(Math.abs(own('lambda') / row.lambda - 1)).toBeLessThan(0.02);
    expect(Math.abs(own('fargate') / row.fargate - 1)).toBeLessThan(0.02);
  });

  describe('where nobody has timed more than two vCPUs', () => {
    const timed = { parallelPart: 1, timedVcpus: 2, memoryMiB: 300 };
    const choiceOf = (question: Question) => {
      const found = cheapest(question);
      return found && [found.target, found.memoryMiB, found.isExtrapolated ?? false];
    };

    it('takes no more for the time that they are estimated to save', () => {
      // The estimate is that four vCPUs cost less than a hundredth more than two, and are twice as fast.
      expect(choiceOf(asked(100, 1, { measured: { ...timed, timedVcpus: 6 } }))).toEqual([
        'lambda',
        7076,
        false,
      ]);
      expect(choiceOf(asked(100, 1, { measured: timed }))).toEqual(['lambda', 3538, false]);
    });

    it('takes more where only they are estimated to keep the limits, and marks that', () => {
      const demand = { p95Ms: 30 };

      expect(choiceOf(asked(100, 1, { measured: timed, demand }))?.[2]).toBe(true);
    });

    it('takes more where the memory asks for them, by the bill of what was timed', () => {
      const large = { ...timed, memoryMiB: 6144 };

      // At 3.5 a second 50 ms on 6,144 MiB cost $49 a month, and a task $70 or more.
      expect(choiceOf(asked(100, 3.5, { measured: large }))).toEqual(['lambda', 6144, true]);
      // At 8 a second they cost $112, more than an instance; the estimate of 29 ms says $68.
      expect(cheapest(asked(100, 8, { measured: large }))?.target).toBe('ec2');
    });

    it('marks no time of a model that more vCPUs do not make faster', () => {
      const options = rankedOptions(asked(100, 1, { measured: { ...timed, parallelPart: 0 } }));

      expect(options.some(({ isExtrapolated }) => isExtrapolated)).toBe(false);
    });
  });

  it('says every limit that an option breaks', () => {
    const demand = { p95Ms: 10, coldStarts: 'none', peak: 2000 } as const;
    const [first] = rankedOptions(
      asked(100, 1, { demand, limits: { lambdaConcurrency: 10 } }),
    ).filter(({ target, memoryMiB }) => target === 'lambda' && memoryMiB === 1769);

    expect(first?.refusals).toEqual([
      'cold starts are ruled out',
      'the peak needs 200 executions at once; the account has 10',
      '95 % of the requests take up to 100 ms; 10 were asked for',
    ]);
  });

  it('adds replicas until the queue before each keeps the p95', () => {
    const [tight] = rankedOptions(asked(100, 20, { demand: { coldStarts: 'none', p95Ms: 150 } }));

    expect(tight).toMatchObject({ target: 'fargate', refusals: [] });
    expect(tight?.replicas).toBeGreaterThan(4);
    expect(tight?.p95Ms).toBeLessThanOrEqual(150);
  });

  describe('where several requests at once were measured', () => {
    const several = { atOnce: 8, memoryMiB: 3000, times: 1.5 };
    const sizesOf = (measured: Partial<Measured>) => {
      const options = rankedOptions(asked(100, 20, { measured }));
      const least = (wanted: string) =>
        options
          .filter(({ target }) => target === wanted)
          .reduce((one, other) => (other.memoryMiB < one.memoryMiB ? other : one));
      return { lambda: least('lambda'), fargate: least('fargate'), ec2: least('ec2') };
    };

    it('gives a container the memory for them, and a function that for one', () => {
      const { lambda, fargate, ec2 } = sizesOf({ several });

      expect(lambda.memoryMiB).toBe(1769);
      expect(fargate.memoryMiB).toBe(3072);
      expect(ec2.memoryMiB).toBeGreaterThanOrEqual(3000);
      expect(sizesOf({}).fargate.memoryMiB).toBe(2048);
    });

    it('counts replicas by the time of each of them, and executions of a function by that of one alone', () => {
      const { lambda, fargate } = sizesOf({ several });
      const alone = sizesOf({});

      // 20 requests a second of 150 ms at 60 %, beside 100 ms.
      expect([fargate.replicas, alone.fargate.replicas]).toEqual([5, 4]);
      expect(lambda.p95Ms).toBe(alone.lambda.p95Ms);
    });
  });

  it('flips where the bills of the two cross', () => {
    const question = asked(500, 0.38, { measured: SIX_GB });
    const at = flipsAt(question) ?? 0;

    // 69.1 / (2.628 × (0.2 + 500 × 0.1))
    expect(Math.abs(at / 0.524 - 1)).toBeLessThan(0.05);
    const { demand } = question;
    const target = (requestsPerSecond: number) =>
      cheapest({ ...question, demand: { ...demand, requestsPerSecond, peak: requestsPerSecond } })
        ?.target;
    expect(target(at * 0.99)).toBe('lambda');
    expect(target(at * 1.01)).toBe('fargate');
  });

  it('never flips where one target alone keeps the limits', () => {
    expect(flipsAt(asked(25, 1, { demand: { coldStarts: 'none' } }))).toBeNull();
  });

  it('never flips to nothing, where a greater demand needs more replicas than may run', () => {
    const limits = { maxReplicas: 10 };
    const demand = { coldStarts: 'none' } as const;

    expect(flipsAt(asked(100, 1, { demand, limits }))).toBeNull();
  });

  it('offers the least memory that is billed as many milliseconds as a step above it', () => {
    const measured = { parallelPart: 1, memoryMiB: 200 };
    const onLambda = rankedOptions(asked(8.5, 1, { measured })).filter(
      ({ target }) => target === 'lambda',
    );
    const billed = (memory: number) => onLambda.find(({ memoryMiB }) => memoryMiB === memory);

    // 8.5 ms × 1,769 / 5,013 is the first that takes no more than 3 ms, as with the step of 5,307 MiB.
    expect(billed(5013)).toMatchObject({ p95Ms: 3 });
    expect(billed(5307)).toMatchObject({ p95Ms: 3 });
    expect(billed(5013)?.usd).toBeLessThan(billed(5307)?.usd ?? 0);
  });
});

describe('the time of a request on the option that a version took', () => {
  const fargate = { target: 'fargate', memoryMiB: 2048, cpuUnits: 512 } as const;

  it('is as long as the request that proved the version where no build measured it', () => {
    expect(knownMsOn(fargate, undefined, 204)).toBe(204);
    expect(knownMsOn(fargate, undefined, undefined)).toBeUndefined();
  });

  it('is as the build measured it, at the vCPUs of the option', () => {
    expect(knownMsOn(fargate, asked(40, 1), 204)).toBe(80);
    const several = { atOnce: 8, memoryMiB: 2048, times: 1.5 };
    expect(knownMsOn(fargate, asked(40, 1, { measured: { several } }), 204)).toBe(120);
    expect(knownMsOn({ target: 'lambda', memoryMiB: 1769, cpuUnits: 0 }, asked(40.2, 1), 204)).toBe(
      41,
    );
  });
});
