import fc from 'fast-check';
import {
  type Asked,
  chooseTarget,
  type Needs,
  type PlacementRequest,
} from '#domain/placement/choose-target.ts';
import { type Demand, NO_LIMITS } from '#domain/placement/demand.ts';
import { TARGETS } from '#domain/placement/target.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const small: Needs = {
  imageBytes: 200 * MIB,
  memoryBytes: 219.5 * MIB,
  lambdaStart: { coldStartSeconds: 2, notedStarts: 0 },
  memoryMiB: null,
  accelerator: null,
  replicas: 1,
};
const any: PlacementRequest = { target: 'auto', allow: TARGETS, offered: TARGETS };
const T4 = { name: 'T4', count: 1 };

const slow = (coldStartSeconds: number, notedStarts = 0) => ({ coldStartSeconds, notedStarts });

/** Why the target was not taken. */
function refusal(target: string, needs: Partial<Needs>, request: Partial<PlacementRequest> = {}) {
  const { options } = chooseTarget({ ...small, ...needs }, { ...any, ...request });
  return options.find((option) => option.target === target)?.reason;
}

function taken(needs: Partial<Needs>, request: Partial<PlacementRequest> = {}) {
  return chooseTarget({ ...small, ...needs }, { ...any, ...request }).decision?.target;
}

describe('choosing a target', () => {
  it('takes Lambda for a small model, with one whole vCPU, and says what the others cost', () => {
    const { decision } = chooseTarget(small, any);

    expect(decision).toEqual({
      target: 'lambda',
      memoryMiB: 1769,
      cpuUnits: 1024,
      instanceTypes: [],
      options: [
        {
          target: 'lambda',
          taken: true,
          memoryMiB: 1769,
          cpuUnits: 1024,
          instanceTypes: [],
          monthlyUsd: 0,
          reason: "fits in 1769 of Lambda's 10240 MiB, and costs nothing while idle",
        },
        {
          target: 'fargate',
          taken: false,
          memoryMiB: 2048,
          cpuUnits: 1024,
          instanceTypes: [],
          monthlyUsd: 36.04,
          reason:
            'fits in a task of 1 vCPU and 2048 MiB; one such task that always runs costs $36.04 a month; lambda costs less while idle',
        },
        {
          target: 'ec2',
          taken: false,
          memoryMiB: 3686,
          cpuUnits: 1843,
          instanceTypes: ['c6a.large', 'c6i.large'],
          monthlyUsd: 68.95,
          reason:
            'fits on c6a.large; one such instance that always runs costs $68.95 a month; lambda costs less while idle',
        },
      ],
    });
  });

  it.each([
    { what: 'what fits nowhere else runs on Fargate', needs: { memoryBytes: 12.6 * GIB } },
    { what: 'an image that no function holds does too', needs: { imageBytes: 11 * GIB } },
  ])('$what', ({ needs }) => {
    expect(taken(needs)).toBe('fargate');
  });

  it.each([
    { what: 'a GPU', needs: { accelerator: T4 } },
    { what: 'more memory than a task has', needs: { memoryMiB: 130 * 1024 } },
    { what: 'more disk than a task has', needs: { imageBytes: 201 * GIB } },
  ])('takes EC2 for a model that needs $what', ({ needs }) => {
    expect(taken(needs)).toBe('ec2');
  });

  it.each<[string, Partial<PlacementRequest>]>([
    ['asks for Lambda', { target: 'lambda' }],
    ['allows nothing else', { allow: ['lambda'] }],
    ['has no containers', { offered: ['lambda'] }],
  ])('takes Lambda for a model that is slow to start where one %s', (_, request) => {
    expect(taken({ lambdaStart: slow(40) }, request)).toBe('lambda');
  });

  it('lets a language model stream on Lambda, and no other', () => {
    const streams = (needs: Partial<Needs>, request: Partial<PlacementRequest> = {}) =>
      chooseTarget({ ...small, ...needs }, { ...any, ...request }).decision?.isStreaming;

    expect(streams({ isStreaming: true })).toBe(true);
    expect(streams({ isStreaming: true }, { target: 'fargate' })).toBeUndefined();
    expect(streams({ isStreaming: false })).toBeUndefined();
  });

  it('gives a large model the memory that it is expected to use', () => {
    const { decision } = chooseTarget({ ...small, memoryBytes: 5312 * MIB - 1 }, any);

    expect(decision?.memoryMiB).toBe(5312);
  });

  it('gives a container more where several requests at once need it, unless the manifest says how much', () => {
    const needs = { ...small, containerMemoryBytes: 3000 * MIB };
    const memoryOf = (target: string, memoryMiB: number | null) =>
      chooseTarget({ ...needs, memoryMiB }, any).options.find((each) => each.target === target)
        ?.memoryMiB;

    expect(memoryOf('fargate', null)).toBe(3072);
    expect(memoryOf('lambda', null)).toBe(1769);
    expect(memoryOf('fargate', 2000)).toBe(2048);
  });

  it('gives what the account gives a function, where the model fits in that, and says so', () => {
    const { decision } = chooseTarget({ ...small, functionMemoryMiB: 512 }, any);

    expect(decision).toMatchObject({ target: 'lambda', memoryMiB: 512, cpuUnits: 296 });
    expect(decision?.options[0]?.reason).toBe(
      'fits in 512 of the 512 MiB that AWS gives a function of this account, a new one, and costs nothing while idle',
    );
  });

  it.each([{ memoryBytes: 513 * MIB }, { memoryMiB: 513 }])(
    'takes no function for what the account gives none, and says how it gives more: %j',
    (needs) => {
      const reason = refusal('lambda', { ...needs, functionMemoryMiB: 512 });

      expect(reason).toMatch(
        /^the model needs 513 MiB of memory; AWS gives a function of this account 512 at most\. .*AWS Support/,
      );
      expect(taken({ ...needs, functionMemoryMiB: 512 })).toBe('fargate');
    },
  );

  it('gives the memory that the manifest asks for, be it more or less', () => {
    const memory = (memoryMiB: number) =>
      chooseTarget({ ...small, memoryMiB }, any).decision?.memoryMiB;

    expect([memory(512), memory(10_240)]).toEqual([512, 10_240]);
  });

  it.each([
    {
      what: 'a file that no image on Lambda holds',
      needs: { imageBytes: 10 * GIB + 1, memoryMiB: 512 },
      reason: 'the model takes 10737418241 bytes unpacked; an image on Lambda holds 10737418240',
    },
    {
      what: 'weights that need more memory than Lambda has',
      needs: { memoryBytes: 10_432 * MIB },
      reason: 'the model needs 10432 MiB of memory; Lambda has 10240',
    },
    { what: 'a GPU', needs: { accelerator: T4 }, reason: 'Lambda has no GPU' },
    {
      what: 'what only a container can do',
      needs: { refusedByLambda: 'Lambda answers no stream' },
      reason: 'Lambda answers no stream',
    },
    {
      what: 'a model that no request waits for while it is read',
      needs: { lambdaStart: slow(38) },
      reason:
        'a cold start would take some 38 s; a request has 29 s (placement.target: lambda takes it all the same)',
    },
    {
      what: 'a language model whose first word would be long in coming',
      needs: { lambdaStart: slow(37.2, 6), isStreaming: true },
      reason:
        'a cold start would take some 38 s, by 6 starts of its kind; no client should wait more than 29 s for the first word (placement.target: lambda takes it all the same)',
    },
  ])('does not take Lambda for $what, and says why', ({ needs, reason }) => {
    expect(refusal('lambda', needs)).toBe(reason);
  });

  it('says with Lambda what an image loses there', () => {
    const lossOnLambda = { reason: 'it sees keys', fix: 'Use a container.' };
    const [option] = chooseTarget({ ...small, lossOnLambda }, any).options;

    expect(option?.reason).toMatch(
      /costs nothing while idle; it sees keys \(not with placement.target: fargate\)$/,
    );
  });

  it('takes Lambda for all that it holds, to the last byte', () => {
    expect(taken({ imageBytes: 10 * GIB })).toBe('lambda');
    expect(taken({ memoryBytes: 10_240 * MIB })).toBe('lambda');
    expect(taken({ lambdaStart: slow(29) })).toBe('lambda');
  });

  it('takes Fargate for a model that takes longer to start on Lambda than a request has', () => {
    expect(taken({ lambdaStart: slow(29.1) })).toBe('fargate');
  });

  it('says which GPU it is, and how a language model is served on it', () => {
    const gpuModel = {
      ...{ weightBytes: 3e9, cacheWidth: 14_336, embeddingLength: 1536, feedForwardLength: 8960 },
      ...{ vocabulary: 151_936, heads: 12, contextLength: 32_768, contextTokens: 4096 },
      ...{ requestsAtOnce: 8, isBfloat16: true },
    };
    const accelerator = { name: 'L4', count: 1 };
    const decided = (more: Partial<Needs>) =>
      chooseTarget({ ...small, accelerator, ...more }, any).decision;

    expect(decided({ gpuModel })).toMatchObject({
      accelerator,
      serving: { maxModelLen: 32_768, gpuMemoryUtilization: 0.95 },
    });
    expect(decided({})).toMatchObject({ target: 'ec2', accelerator });
    expect(decided({})).not.toHaveProperty('serving');
    expect(chooseTarget(small, any).decision).not.toHaveProperty('accelerator');
  });

  it('keeps of a target that cannot hold the model what it would need', () => {
    const { options } = chooseTarget({ ...small, accelerator: T4 }, any);

    expect(options[1]).toEqual({
      target: 'fargate',
      taken: false,
      memoryMiB: 220,
      cpuUnits: 0,
      instanceTypes: [],
      monthlyUsd: null,
      reason: 'Fargate has no GPU',
    });
  });

  it('takes none where none can hold the model, and keeps every reason', () => {
    const needs = { ...small, accelerator: { name: 'Abacus', count: 1 } };

    const { decision, options } = chooseTarget(needs, any);

    expect(decision).toBeUndefined();
    expect(options.map(({ taken: isTaken, reason }) => [isTaken, reason])).toEqual([
      [false, 'Lambda has no GPU'],
      [false, 'Fargate has no GPU'],
      [false, expect.stringContaining('EC2 has no instance with 1 Abacus')],
    ]);
  });
});

describe('what the manifest wishes', () => {
  it.each(TARGETS)('is taken: %s', (target) => {
    expect(taken({}, { target })).toBe(target);
  });

  it('is refused rather than another taken', () => {
    expect(taken({ accelerator: T4 }, { target: 'fargate' })).toBeUndefined();
    expect(refusal('ec2', { accelerator: T4 }, { target: 'fargate' })).toBe(
      'placement.target is fargate',
    );
  });

  it('keeps targets out that it does not allow', () => {
    expect(taken({}, { allow: ['fargate', 'ec2'] })).toBe('fargate');
    expect(refusal('lambda', {}, { allow: ['ec2'] })).toBe('placement.allow does not include it');
  });

  it('cannot have a target that the installation has not, and says how to get it', () => {
    expect(taken({ accelerator: T4 }, { offered: ['lambda'] })).toBeUndefined();
    expect(refusal('ec2', { accelerator: T4 }, { offered: ['lambda'] })).toMatch(
      /no containers: with containers=public it costs \$21\.58 a month/,
    );
  });

  it('never lets a target be taken that is not wished, allowed, offered and large enough', () => {
    const sizes = fc.record({
      imageBytes: fc.nat(300 * GIB),
      memoryBytes: fc.nat(150 * GIB),
      lambdaStart: fc.nat(100).map((seconds) => slow(seconds)),
      memoryMiB: fc.option(fc.integer({ min: 128, max: 1024 * 1024 })),
      accelerator: fc.option(fc.constantFrom(T4, { name: 'L4', count: 4 })),
      replicas: fc.integer({ min: 1, max: 100 }),
    });
    const wishes = fc.record({
      target: fc.constantFrom('auto', ...TARGETS),
      allow: fc.subarray([...TARGETS], { minLength: 1 }),
      offered: fc.subarray([...TARGETS], { minLength: 1 }),
    });
    fc.assert(
      fc.property(sizes, wishes, (needs, request) => {
        const { decision, options } = chooseTarget(needs, request);

        expect(options.map(({ target }) => target)).toEqual(TARGETS);
        expect(options.filter((option) => option.taken)).toHaveLength(decision ? 1 : 0);
        if (!decision) return;
        const { target, memoryMiB, options: _, ...rest } = decision;
        expect([target, 'auto']).toContain(request.target);
        expect(request.allow).toContain(target);
        expect(request.offered).toContain(target);
        expect(memoryMiB).toBeGreaterThanOrEqual(needs.memoryMiB ?? 0);
        expect(rest.cpuUnits).toBeGreaterThan(0);
        if (needs.accelerator) expect(rest.instanceTypes).not.toEqual([]);
      }),
    );
  });
});

/** A measured model of one thread: 100 ms a request, all day. */
function asked(demand: Partial<Demand>, more: Partial<Asked> = {}): Asked {
  const { requestsPerSecond = 1, peak = requestsPerSecond } = demand;
  return {
    demand: {
      requestsPerSecond,
      peak,
      p95Ms: null,
      coldStarts: 'allowed',
      hours: 730,
      ...demand,
    },
    isGuess: false,
    hasMost: false,
    measured: {
      requestMs: 100,
      parallelPart: 0,
      memoryMiB: 220,
      imageBytes: 200 * MIB,
      startMs: 2000,
    },
    limits: NO_LIMITS,
    allowsSpot: false,
    ...more,
  };
}

describe('a model that the build has measured', () => {
  it.each([
    { rate: 5, target: 'lambda' },
    { rate: 24, target: 'fargate' },
  ] as const)('gets the cheapest target for its traffic: $rate a second', ({ rate, target }) => {
    const { decision } = chooseTarget(small, any, asked({ requestsPerSecond: rate }));

    expect(decision?.target).toBe(target);
    expect(decision?.options.find(({ taken: isTaken }) => isTaken)?.reason).toMatch(
      /^the cheapest: for \d+ requests a second .*, (lambda with|\d+ tasks? of) .* would cost \$[\d.]+ a month.*, 95 % of the requests within \d+ ms; fits in /,
    );
    expect(decision?.weighing).toMatchObject({ isGuess: false, options: expect.any(Array) });
  });

  it('gets an instance of a named type, whole, where that costs the least', () => {
    const measured = { ...asked({}).measured, memoryMiB: 14_000 };
    const needs = { ...small, memoryBytes: 14_000 * MIB };
    const question = asked({ requestsPerSecond: 3 }, { measured });

    const { decision } = chooseTarget(needs, any, question);

    expect(decision).toMatchObject({
      target: 'ec2',
      cpuUnits: 1843,
      memoryMiB: 14_745,
      instanceTypes: ['r6a.large', 'r6i.large'],
      scaling: { max: 1, requestsPerMinute: 360 },
    });
    expect(decision?.options.find(({ taken: isTaken }) => isTaken)).toMatchObject({
      monthlyUsd: 99.12,
      reason: expect.stringMatching(
        /^the cheapest: for 3 requests .*, 1 × r6a\.large on ec2 would cost \$119\.\d\d a month .*; fits on r6a\.large; one such instance that always runs costs \$99\.12 a month$/,
      ),
    });
  });

  it.each<[string, Partial<PlacementRequest>]>([
    ['the manifest rules out', { allow: ['lambda', 'fargate'] }],
    ['the installation does not offer', { offered: ['lambda', 'fargate'] }],
  ])('gets no instance that %s, whatever it costs', (_, request) => {
    const measured = { ...asked({}).measured, memoryMiB: 14_000 };
    const needs = { ...small, memoryBytes: 14_000 * MIB };

    const { decision } = chooseTarget(needs, { ...any, ...request }, asked({}, { measured }));

    expect(decision?.target).toBe('fargate');
    expect(decision?.weighing?.question.refused?.ec2).toEqual(expect.any(String));
  });

  it('has each other option with its bill, or with the limit that it breaks', () => {
    const { options } = chooseTarget(
      small,
      any,
      asked({ requestsPerSecond: 5, coldStarts: 'none' }),
    );

    expect(options.map(({ target, reason }) => [target, reason])).toEqual([
      ['lambda', expect.stringMatching(/; cold starts are ruled out$/)],
      [
        'fargate',
        'the cheapest: for 5 requests a second (5 at the peak) in 730 hours of a month, 1 task of 1 vCPU and 2048 MiB on fargate would cost $57.28 a month with the load balancer and public addresses, 95 % of the requests within 306 ms; fits in a task of 1 vCPU and 2048 MiB; one such task that always runs costs $36.04 a month',
      ],
      [
        'ec2',
        'fits on c6a.large; one such instance that always runs costs $68.95 a month; for 5 requests a second (5 at the peak) in 730 hours of a month, 1 × c6a.large on ec2 would cost $90.19 a month with the load balancer and public addresses, and 1 task of 1 vCPU and 2048 MiB on fargate $57.28',
      ],
    ]);
  });

  it('is not called the cheapest where it stays on the target of the live version for a little more', () => {
    const learnt = { learntDays: 14, liveTarget: 'lambda' } as const;
    const { decision } = chooseTarget(small, any, asked({ requestsPerSecond: 17 }, learnt));

    expect(decision?.target).toBe('lambda');
    expect(decision?.options.map(({ target, reason }) => [target, reason])).toMatchObject([
      [
        'lambda',
        expect.stringMatching(
          /^where the live version runs, since a move would save too little: for 17 requests/,
        ),
      ],
      ['fargate', expect.stringMatching(/3 tasks .* would cost \$139\.47 .* 1769 MiB \$144\.66$/)],
      ['ec2', expect.anything()],
    ]);
    expect(decision!.weighing!.options[1]!.ownUsd).toBeLessThan(
      decision!.weighing!.options[0]!.ownUsd,
    );
  });

  it('keeps the target that the manifest names, and gets the size there that its bill asks for', () => {
    const traffic = asked({ requestsPerSecond: 24 });
    const { decision } = chooseTarget(small, { ...any, target: 'lambda' }, traffic);

    expect(decision).toMatchObject({ target: 'lambda', memoryMiB: 1769 });
    expect(decision?.weighing?.options.at(-1)?.refusals).toContain('placement.target is lambda');
  });

  it('goes to Lambda all the same where its manifest names it and rules cold starts out', () => {
    const request = { ...any, target: 'lambda' } as const;

    expect(chooseTarget(small, request, asked({ coldStarts: 'none' })).decision?.target).toBe(
      'lambda',
    );
  });

  it('keeps the old order where no option keeps what was asked, and records why', () => {
    const { decision } = chooseTarget(small, any, asked({ p95Ms: 10 }));

    expect(decision?.target).toBe('lambda');
    expect(decision?.weighing?.options[0]?.refusals).toEqual([
      expect.stringMatching(/^95 % of the requests take up to \d+ ms; 10 were asked for$/),
    ]);
  });

  it('goes by memory and idle cost where it needs a GPU', () => {
    const needs = { ...small, accelerator: T4 };

    expect(chooseTarget(needs, any, asked({})).decision).not.toHaveProperty('weighing');
  });

  it('is not given replicas on GPUs by its time on the CPU of its build', () => {
    const needs = { ...small, accelerator: T4 };

    expect(chooseTarget(needs, any, asked({})).decision).not.toHaveProperty('scaling');
  });

  it('gets as many replicas as its peak needs where the manifest says no most', () => {
    const traffic = { requestsPerSecond: 24, peak: 48 };
    const scalingOf = (more: Partial<Asked>) =>
      chooseTarget(small, any, asked(traffic, more)).decision?.scaling;

    // 100 ms at 60 % utilisation: 360 requests a minute, 6 a second.
    expect(scalingOf({})).toEqual({ max: 8, requestsPerMinute: 360 });
    expect(scalingOf({ hasMost: true })).toEqual({ requestsPerMinute: 360 });
    expect(scalingOf({ isGuess: true })).toEqual({ requestsPerMinute: 360 });
  });

  it('gets no more replicas than the cap on its cost pays for', () => {
    const limits = { ...asked({}).limits, maxMonthlyUsd: 140 };
    const { decision } = chooseTarget(
      small,
      any,
      asked({ requestsPerSecond: 24, coldStarts: 'none' }, { limits }),
    );

    expect(decision?.weighing?.options[0]?.refusals).toContainEqual(
      'its 4 replicas would cost $144.16 a month; the cap maxMonthlyUsd is $140',
    );
  });
});
