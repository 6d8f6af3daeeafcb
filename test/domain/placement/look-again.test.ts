import { parse } from 'yaml';
import type { TargetDecision } from '#domain/deployment.ts';
import { trafficSchema } from '#domain/manifest/traffic.ts';
import { FIRST_GUESS, NO_LIMITS, type Question } from '#domain/placement/demand.ts';
import type { Learnt } from '#domain/placement/learnt.ts';
import { adviceOf, lookAgain } from '#domain/placement/look-again.ts';
import { flipsAt, rankedOptions } from '#domain/placement/optimize.ts';

const MEASURED = {
  requestMs: 100,
  parallelPart: 0,
  memoryMiB: 600,
  imageBytes: 10 ** 9,
  startMs: 3000,
};
const got = (requestsPerSecond: number, hours = 730): Learnt => ({
  requestsPerSecond,
  peak: requestsPerSecond * 1.5,
  hours,
  days: 14,
});
const ADVISE = { move: 'advise', isSpent: true, isNewest: true } as const;

/** A version that was placed for a demand, by default the first guess. */
function placed(
  placement: { target: 'lambda' | 'fargate' | 'ec2'; memoryMiB: number; cpuUnits: number },
  more: Partial<Question> = {},
): TargetDecision {
  const question = {
    demand: FIRST_GUESS,
    measured: MEASURED,
    limits: NO_LIMITS,
    allowsSpot: false,
  };
  const asked = { ...question, ...more };
  const weighing = {
    question: asked,
    isGuess: true,
    options: rankedOptions(asked),
    flipsAt: flipsAt(asked),
  };
  return { ...placement, instanceTypes: [], options: [], weighing };
}
const ON_LAMBDA = { target: 'lambda', memoryMiB: 1769, cpuUnits: 1024 } as const;
const ON_FARGATE = { target: 'fargate', memoryMiB: 2048, cpuUnits: 1024 } as const;

function adviceFor(decision: TargetDecision, learnt: Learnt, rule = ADVISE as never) {
  const look = lookAgain(decision, learnt);
  return look && adviceOf(look, rule);
}

describe('a second look at a placement', () => {
  it('advises Fargate for a function that is called all the time, with the dollars and what to do', () => {
    const advice = adviceFor(placed(ON_LAMBDA), got(60));

    expect(advice).toMatchObject({
      to: expect.stringMatching(/tasks of \d+ vCPU and \d+ MiB on fargate$/),
      reason: expect.stringMatching(
        /^for 60 requests a second \(90 at the peak\) in 730 hours of a month, as in the last 14 days, .* would cost \$\d+\.\d\d a month, and lambda with 1769 MiB costs \$\d+\.\d\d$/,
      ),
      fix: 'Set `traffic: { requestsPerSecond: 60, peak: 90, hours: 730 }` in model.yaml and upload it again: it is placed for that.',
    });
    expect(advice?.savesUsd).toBeGreaterThan(5);
  });

  it('advises Lambda for a container that nobody calls any more', () => {
    const advice = adviceFor(placed(ON_FARGATE), { ...got(0), hours: 0 });

    expect(advice).toMatchObject({ to: expect.stringMatching(/^lambda with /) });
    expect(advice?.savesUsd).toBeGreaterThan(30);
  });

  it('names the target where nobody calls a model, since no traffic may be 0', () => {
    expect(adviceFor(placed(ON_FARGATE), { ...got(0), hours: 0 })?.fix).toBe(
      'Set `placement: { target: lambda }` in model.yaml and upload it again, or undeploy it: nobody calls it.',
    );
  });

  it('keeps the limits that the manifest states in what it says to set there', () => {
    const demand = { ...FIRST_GUESS, p95Ms: 500, coldStarts: 'none' } as const;
    const decision = placed(ON_FARGATE, { demand });

    const fix = adviceFor({ ...decision, cpuUnits: 4096, memoryMiB: 8192 }, got(0.1))?.fix;

    const [, traffic = ''] = /`traffic: ({.*})`/.exec(fix ?? '') ?? [];
    expect(trafficSchema.parse(parse(traffic))).toEqual({
      requestsPerSecond: 0.1,
      peak: expect.any(Number),
      hours: 730,
      p95Ms: 500,
      coldStarts: 'none',
    });
  });

  it('says why nothing moves by itself while the newest upload is not live', () => {
    const look = lookAgain(placed(ON_LAMBDA), got(60))!;
    const fix = (move: 'auto' | 'advise', isNewest: boolean) =>
      adviceOf(look, { move, isSpent: true, isNewest })?.fix;

    const waits =
      /^It does not move by itself while the newest upload is not live\. Set `traffic: /;
    expect(fix('auto', false)).toMatch(waits);
    expect(fix('auto', true)).toMatch(/^Set /);
    expect(fix('advise', false)).toMatch(/^Set /);
  });

  it('is silent where a move would save less than $5 a month', () => {
    // 16 % cheaper, but by cents.
    expect(adviceFor(placed({ ...ON_LAMBDA, memoryMiB: 2048 }), got(0.1))).toBeNull();
  });

  it('is silent where a move would save less than a tenth', () => {
    const decision = placed(ON_LAMBDA);
    const flip = flipsAt({
      ...decision.weighing!.question,
      demand: { ...FIRST_GUESS, hours: 730 },
    });
    expect(flip).not.toBeNull();

    expect(
      adviceFor(decision, { ...got((flip ?? 0) * 1.02), peak: (flip ?? 0) * 2.04 }),
    ).toBeNull();
  });

  it('advises to keep a limit that is broken now, also where that costs more', () => {
    const limits = { ...NO_LIMITS, lambdaConcurrency: 10 };
    const advice = adviceFor(placed(ON_LAMBDA, { limits }), { ...got(0.5, 20), peak: 200 });

    expect(advice).toMatchObject({
      reason: expect.stringMatching(
        /, but the peak needs 20 executions at once; the account has 10$/,
      ),
      savesUsd: 0,
    });
  });

  it('lets a demand that is known have more replicas than a guess', () => {
    const limits = { ...NO_LIMITS, maxReplicas: 1 };
    const decision = placed(ON_FARGATE, { limits });
    const limited = { ...decision, weighing: { ...decision.weighing!, mostLater: null } };

    expect(lookAgain(limited, got(60))?.best).toMatchObject({ target: 'fargate', refusals: [] });
    expect(lookAgain(limited, got(60))?.now.refusals).toEqual([
      'the peak needs 15 replicas; 1 may run',
    ]);
  });

  it('keeps the limits on the answers that the manifest states', () => {
    const demand = { ...FIRST_GUESS, coldStarts: 'none' } as const;

    expect(lookAgain(placed(ON_FARGATE, { demand }), got(0.01))?.best?.target).toBe('fargate');
  });

  it('says on one machine that it is about AWS, and that nothing moves', () => {
    const look = lookAgain(placed(ON_LAMBDA), got(60));

    expect(look && adviceOf(look, { move: 'auto', isSpent: false, isNewest: true })).toMatchObject({
      reason: expect.stringMatching(/^on AWS, for 60 requests/),
      fix: expect.stringMatching(/^Nothing moves on this machine/),
    });
  });

  it('is silent for a model that never moves', () => {
    const look = lookAgain(placed(ON_LAMBDA), got(60));

    expect(look && adviceOf(look, { move: 'never', isSpent: true, isNewest: true })).toBeNull();
  });

  it('does not weigh what no bill placed', () => {
    expect(
      lookAgain({ ...placed(ON_LAMBDA), weighing: undefined } as never, got(60)),
    ).toBeUndefined();
    expect(lookAgain(placed({ ...ON_FARGATE, target: 'ec2' }), got(60))).toBeUndefined();
  });

  it('knows the bill of an instance whose type is named, and advises to leave it', () => {
    const onEc2 = placed({ target: 'ec2', memoryMiB: 3686, cpuUnits: 1843 });
    const decision = { ...onEc2, instanceTypes: ['c6a.large', 'c6i.large'] };

    // 730 × (0.0765 × 1.12 + 0.005 + 80 × 0.08 / 730) + 730 × 0.0225
    expect(lookAgain(decision, got(0.1))?.now.ownUsd).toBeCloseTo(89.02, 2);
    expect(adviceFor(decision, got(0.1))).toMatchObject({
      to: expect.stringMatching(/^lambda with /),
      reason: expect.stringContaining('1 × c6a.large on ec2 costs $89.02'),
    });
  });

  it('weighs no instance for a version of an earlier Slipway, which may have ruled it out', () => {
    const { ec2Vcpus: _, ...limits } = NO_LIMITS;
    const measured = { ...MEASURED, memoryMiB: 14_000 };
    const onFargate = { target: 'fargate', memoryMiB: 14_336, cpuUnits: 2048 } as const;

    expect(lookAgain(placed(onFargate, { limits, measured }), got(3))?.best?.target).toBe(
      'fargate',
    );
    expect(lookAgain(placed(onFargate, { measured }), got(3))?.best?.target).toBe('ec2');
  });
});
