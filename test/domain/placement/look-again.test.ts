import { parse } from 'yaml';
import type { TargetDecision } from '#domain/deployment.ts';
import { trafficSchema } from '#domain/manifest/traffic.ts';
import { demandAhead } from '#domain/placement/ahead.ts';
import { FIRST_GUESS, NO_LIMITS, type Question } from '#domain/placement/demand.ts';
import { flipsAt } from '#domain/placement/flips.ts';
import { type Learnt, learntDemand } from '#domain/placement/learnt.ts';
import { type AdviceRule, adviceOf, type Got, lookAgain } from '#domain/placement/look-again.ts';
import { rankedOptions } from '#domain/placement/optimize.ts';

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
const ADVISE: AdviceRule = { move: 'advise', isSpent: true, isNewest: true };

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

const look = (decision: TargetDecision, got: Got | Learnt, rule = ADVISE) =>
  lookAgain(decision, 'learnt' in got ? got : { learnt: got }, rule);

function adviceFor(decision: TargetDecision, got: Got | Learnt, rule = ADVISE) {
  const second = look(decision, got, rule);
  return second && adviceOf(second, rule);
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
    const fix = (move: 'auto' | 'advise', isNewest: boolean) =>
      adviceFor(placed(ON_LAMBDA), got(60), { move, isSpent: true, isNewest })?.fix;

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

    expect(look(limited, got(60))?.best).toMatchObject({ target: 'fargate', refusals: [] });
    expect(look(limited, got(60))?.now.refusals).toEqual(['the peak needs 15 replicas; 1 may run']);
  });

  it('keeps the limits on the answers that the manifest states', () => {
    const demand = { ...FIRST_GUESS, coldStarts: 'none' } as const;

    expect(look(placed(ON_FARGATE, { demand }), got(0.01))?.best?.target).toBe('fargate');
  });

  it('says on one machine that it is about AWS, and that nothing moves', () => {
    const rule = { move: 'auto', isSpent: false, isNewest: true } as const;

    expect(adviceFor(placed(ON_LAMBDA), got(60), rule)).toMatchObject({
      reason: expect.stringMatching(/^on AWS, for 60 requests/),
      fix: expect.stringMatching(/^Nothing moves on this machine/),
    });
  });

  it('is silent for a model that never moves', () => {
    const rule = { move: 'never', isSpent: true, isNewest: true } as const;

    expect(adviceFor(placed(ON_LAMBDA), got(60), rule)).toBeNull();
  });

  it('does not weigh what no bill placed', () => {
    expect(look({ ...placed(ON_LAMBDA), weighing: undefined } as never, got(60))).toBeUndefined();
    expect(look(placed({ ...ON_FARGATE, target: 'ec2' }), got(60))).toBeUndefined();
  });

  it('knows the bill of an instance whose type is named, and advises to leave it', () => {
    const onEc2 = placed({ target: 'ec2', memoryMiB: 3686, cpuUnits: 1843 });
    const decision = { ...onEc2, instanceTypes: ['c6a.large', 'c6i.large'] };

    // 730 × (0.0765 × 1.12 + 0.005 + 80 × 0.08 / 730) + 730 × 0.0225
    expect(look(decision, got(0.1))?.now.ownUsd).toBeCloseTo(89.04, 2);
    expect(adviceFor(decision, got(0.1))).toMatchObject({
      to: expect.stringMatching(/^lambda with /),
      reason: expect.stringContaining('1 × c6a.large on ec2 costs $89.04'),
    });
  });

  it('weighs no instance for a version of an earlier Slipway, which may have ruled it out', () => {
    const { ec2Vcpus: _, ...limits } = NO_LIMITS;
    const measured = { ...MEASURED, memoryMiB: 14_000 };
    const onFargate = { target: 'fargate', memoryMiB: 14_336, cpuUnits: 2048 } as const;

    expect(look(placed(onFargate, { limits, measured }), got(3))?.best?.target).toBe('fargate');
    expect(look(placed(onFargate, { measured }), got(3))?.best?.target).toBe('ec2');
  });
});

describe('a second look where a week comes as the one before', () => {
  const HOUR = 3_600_000;
  const AUTO: AdviceRule = { move: 'auto', isSpent: true, isNewest: true };
  const SUBJECT = { ...MEASURED, requestMs: 300, memoryMiB: 6144 };
  const onFargate = placed({ ...ON_FARGATE, memoryMiB: 6144 }, { measured: SUBJECT });
  const onLambda = placed({ ...ON_LAMBDA, memoryMiB: 6144 }, { measured: SUBJECT });

  /** Two weeks of office hours until then, counted up to that hour. */
  function officeUntil(nowMs: number): Got {
    const hours = Array.from({ length: 14 * 24 }, (_, ago) => nowMs - (ago + 1) * HOUR)
      .filter((atMs) => {
        const at = new Date(atMs);
        return at.getUTCDay() % 6 !== 0 && at.getUTCHours() >= 8 && at.getUTCHours() < 18;
      })
      .map((atMs) => ({ atMs, requests: 12_960, busiestMinute: 260 }));
    const since = { liveAtMs: nowMs - 14 * 24 * HOUR, nowMs };
    return { learnt: learntDemand(hours, since)!, ahead: demandAhead(hours, since) };
  }
  const WEDNESDAY = officeUntil(Date.UTC(2026, 11, 2));
  const SATURDAY = officeUntil(Date.UTC(2026, 11, 5));
  const MONDAY = officeUntil(Date.UTC(2026, 11, 7));

  it('says when a model in containers would need no more than a function, and what following that saves', () => {
    expect(adviceFor(onFargate, WEDNESDAY)).toEqual({
      reason:
        'from Sat 00:00 to Mon 00:00 (UTC) lambda with 6144 MiB would do, if the model is called as 7 days before. To move there and back would cost $66.66 a month, and to stay on 3 tasks of 1 vCPU and 6144 MiB on fargate $85.01',
      fix: 'Set `placement: { move: auto }` in model.yaml and upload it again: it then moves there and back by itself.',
      to: 'lambda with 6144 MiB at times',
      savesUsd: expect.any(Number),
    });
  });

  it('says on one machine what would happen in an account', () => {
    const advice = adviceFor(onFargate, WEDNESDAY, { ...AUTO, isSpent: false });

    expect(advice?.reason).toMatch(/^on AWS, from Sat 00:00 to Mon 00:00/);
    expect(advice?.fix).toMatch(/^Nothing moves on this machine; in an account a version with /);
  });

  it('moves a model for the weekend that begins, with the bills of these two days', () => {
    const found = look(onFargate, SATURDAY, AUTO)!;

    expect(found.learnt).toEqual({ requestsPerSecond: 0, peak: 0, hours: 0, days: 7 });
    expect(adviceOf(found, AUTO)).toMatchObject({
      reason:
        'in the next 48 hours nobody calls it, as 7 days before: lambda with 6144 MiB would cost $0.00 then, and 1 task of 1 vCPU and 6144 MiB on fargate costs $4.54',
      fix: 'It moves by itself, and again when that changes.',
      to: 'lambda with 6144 MiB',
    });
  });

  it('moves it back when the week begins', () => {
    expect(adviceFor(onLambda, MONDAY, AUTO)).toMatchObject({
      reason: expect.stringMatching(
        /^in the next 120 hours it gets 3\.6 requests a second .*, as 7 days before: \d tasks of 1 vCPU/,
      ),
      to: expect.stringMatching(/on fargate$/),
    });
  });

  it('goes by two weeks where the model should be elsewhere all week', () => {
    const nowMs = Date.UTC(2026, 11, 5);
    const hours = Array.from({ length: 14 * 24 }, (_, ago) => nowMs - (ago + 1) * HOUR).map(
      (atMs) => ({ atMs, requests: 10_800, busiestMinute: 180 }),
    );
    const since = { liveAtMs: nowMs - 30 * 24 * HOUR, nowMs };
    const all = { learnt: learntDemand(hours, since)!, ahead: demandAhead(hours, since) };

    expect(adviceFor(onLambda, all, AUTO)?.reason).toMatch(/, as in the last 14 days, /);
  });

  it.each([
    ['in containers until the weekend', onFargate, WEDNESDAY],
    ['in containers when the week begins', onFargate, MONDAY],
    ['on a function at the weekend', onLambda, SATURDAY],
  ])('leaves a model that moves by itself %s', (_, decision, got) => {
    expect(adviceFor(decision, got, AUTO)).toBeNull();
  });

  it('says why nothing moves by itself while the newest upload is not live', () => {
    expect(adviceFor(onFargate, SATURDAY, { ...AUTO, isNewest: false })?.fix).toMatch(
      /^It does not move by itself while the newest upload is not live\. /,
    );
  });

  it('goes by what the model got where nothing keeps its limits in the coming week', () => {
    const limits = { ...NO_LIMITS, lambdaConcurrency: 0, maxReplicas: 0, fargateVcpus: 0 };
    const held = placed(ON_FARGATE, { measured: SUBJECT, limits });

    expect(look(held, WEDNESDAY, AUTO)).toMatchObject({ learnt: WEDNESDAY.learnt });
    expect(look(held, WEDNESDAY, AUTO)?.stay).toBeUndefined();
  });
});
