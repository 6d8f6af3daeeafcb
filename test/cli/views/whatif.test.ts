import type { Explanation } from '#control/explanation.ts';
import { NO_LIMITS } from '#domain/placement/demand.ts';
import { whatIf, whatIfLines } from '../../../src/cli/views/whatif.ts';

const EXPLAINED = {
  model: 'digits',
  version: 3,
  artifact: { sizeBytes: 4_000_000 },
  image: null,
  proof: { latencyMs: 25 },
  options: [
    { target: 'lambda', memoryMiB: 1769, coldStartSeconds: 4 },
    { target: 'ec2', memoryMiB: 3686, coldStartSeconds: 43 },
  ],
} as unknown as Explanation;
const BUSY = {
  requestsPerSecond: 50,
  peak: 100,
  p95Ms: null,
  coldStarts: 'allowed',
  hours: 730,
} as const;
const PLAIN = { requestMs: undefined, allowsSpot: false };

describe('slipway whatif', () => {
  it('ranks every option for the demand, by what is known of the version', () => {
    const found = whatIf(EXPLAINED, BUSY, PLAIN);

    expect(found.measured).toEqual({
      requestMs: 25,
      parallelPart: 0,
      memoryMiB: 1769,
      imageBytes: 4_000_000,
      startMs: 4000,
    });
    const fitting = found.options.filter(({ refusals }) => refusals.length === 0);
    expect(fitting.map(({ usd }) => usd)).toEqual(
      fitting.map(({ usd }) => usd).toSorted((a, b) => a - b),
    );
    expect(new Set(found.options.map(({ target }) => target))).toEqual(
      new Set(['lambda', 'fargate', 'ec2']),
    );
  });

  it('shows the cheapest with its bill, the way to it, and where another target would cost less', () => {
    const lines = whatIfLines(whatIf(EXPLAINED, BUSY, PLAIN));

    expect(lines[0]).toBe(
      'digits v3: 50 requests a second (100 at the peak) in 730 hours of a month; 25 ms of one vCPU each',
    );
    expect(lines[3]).toMatch(/^\* (lambda|fargate) /);
    expect(lines).toContainEqual(expect.stringMatching(/^The cheapest: .*API Gateway \$\d/));
    expect(lines).toContainEqual(expect.stringMatching(/is the way to the model/));
    expect(lines.at(-1)).toMatch(/^Prices of us-east-1, 20\d\d-/);
  });

  it('says of a model that is not live that these bills are none of now', () => {
    const idle = 'digits is not live, so it costs nothing; these are the bills that v3 would have.';

    expect(whatIfLines(whatIf({ ...EXPLAINED, live: null }, BUSY, PLAIN))[0]).toBe(idle);
    expect(whatIfLines(whatIf({ ...EXPLAINED, live: 3 }, BUSY, PLAIN))).not.toContain(idle);
  });

  it('rules out Lambda where no request may wait for a start', () => {
    const { options } = whatIf(EXPLAINED, { ...BUSY, coldStarts: 'none' }, PLAIN);

    expect(options[0]?.target).toBe('fargate');
    expect(options.find(({ target }) => target === 'lambda')?.refusals).toContain(
      'cold starts are ruled out',
    );
  });

  it('takes the time that is said, and asks for it where nobody has measured it', () => {
    const unmeasured = { ...EXPLAINED, proof: null };

    expect(whatIf(unmeasured, BUSY, { ...PLAIN, requestMs: 500 }).measured.requestMs).toBe(500);
    expect(() => whatIf(unmeasured, BUSY, PLAIN)).toThrow(
      expect.objectContaining({ name: 'InputInvalid', fix: expect.stringContaining('--ms 100') }),
    );
  });

  it('takes the traffic that is known of the version where none is named, and says which', () => {
    const question = {
      demand: { ...BUSY, requestsPerSecond: 7, peak: 9 },
      measured: { requestMs: 30, parallelPart: 0, memoryMiB: 300, imageBytes: 1, startMs: 1000 },
      limits: NO_LIMITS,
      allowsSpot: false,
    };
    const known = { ...EXPLAINED, weighing: { question, isGuess: false, learntDays: 12 } };

    const found = whatIf(known as unknown as Explanation, undefined, PLAIN);
    const guessed = whatIf(EXPLAINED, undefined, PLAIN);

    expect([found.source, found.learntDays]).toEqual(['learnt', 12]);
    expect(whatIfLines(found).slice(0, 2)).toEqual([
      'By the requests of the last 12 days:',
      'digits v3: 7 requests a second (9 at the peak) in 730 hours of a month; 30 ms of one vCPU each',
    ]);
    expect(guessed).toMatchObject({ source: 'guess', demand: { requestsPerSecond: 1 } });
  });

  it('takes the traffic of model.yaml where no bill has placed the version', () => {
    const found = whatIf({ ...EXPLAINED, traffic: { ...BUSY, p95Ms: 300 } }, undefined, PLAIN);

    expect(found).toMatchObject({ source: 'declared', demand: { p95Ms: 300 } });
    expect(whatIfLines(found)[0]).toBe('For the traffic of model.yaml:');
  });

  it('weighs no model with a GPU, whose time on other hardware nobody knows', () => {
    const [option] = EXPLAINED.options;
    const options = [{ ...option!, taken: true, accelerator: { name: 'L4', count: 1 } }];

    expect(() => whatIf({ ...EXPLAINED, options }, BUSY, PLAIN)).toThrow(
      'digits runs on 1 L4; bills weigh targets without a GPU alone',
    );
  });

  it('takes what the version got where no bill has placed it', () => {
    const got = { requestsPerSecond: 3, peak: 5, hours: 200, days: 6 };

    const found = whatIf(EXPLAINED, undefined, { ...PLAIN, got });

    expect(found).toMatchObject({
      source: 'learnt',
      learntDays: 6,
      demand: { requestsPerSecond: 3, peak: 5, hours: 200, p95Ms: null },
    });
  });

  describe('for a version that a bill has placed', () => {
    const question = {
      demand: BUSY,
      measured: { requestMs: 100, parallelPart: 0, memoryMiB: 300, imageBytes: 1, startMs: 1000 },
      limits: { ...NO_LIMITS, lambdaConcurrency: 10, maxReplicas: 1 },
      allowsSpot: false,
      refused: { ec2: 'placement.allow does not include it' },
    };
    const placed = (more: object = {}) =>
      ({ ...EXPLAINED, weighing: { question, isGuess: false, ...more } }) as unknown as Explanation;
    const asked = { ...BUSY, requestsPerSecond: 200, peak: 400 };
    const refusalsOf = (found: ReturnType<typeof whatIf>, target: string) =>
      found.options.filter((option) => option.target === target).flatMap((each) => each.refusals);

    it('keeps the limits of the account, the operator and the manifest, as its placement did', () => {
      const found = whatIf(placed(), asked, PLAIN);

      expect(refusalsOf(found, 'lambda')).toContain(
        'the peak needs 40 executions at once; the account has 10',
      );
      expect(refusalsOf(found, 'fargate')).toContain('the peak needs 67 replicas; 1 may run');
      expect(refusalsOf(found, 'ec2')).toContain('placement.allow does not include it');
      expect(whatIfLines(found)).toContainEqual(
        expect.stringMatching(/^Nothing keeps all limits\. The first: /),
      );
    });

    it('lets a traffic that is named have as many replicas as one that is known', () => {
      const guessed = placed({
        isGuess: true,
        mostLater: null,
        question: { ...question, demand: asked },
      });

      expect(whatIf(guessed, asked, PLAIN).options[0]?.target).toBe('fargate');
      expect(whatIf(guessed, undefined, PLAIN).options[0]?.refusals).not.toEqual([]);
    });

    it('allows Spot where the manifest does, or the command', () => {
      const isSpot = (explained: Explanation, allowsSpot: boolean) =>
        whatIf(explained, asked, { ...PLAIN, allowsSpot }).options.some((each) => each.isSpot);

      expect(isSpot(placed(), false)).toBe(false);
      expect(isSpot(placed(), true)).toBe(true);
      expect(isSpot(placed({ question: { ...question, allowsSpot: true } }), false)).toBe(true);
    });
  });

  it('shows the counted hours as the bill of a month', () => {
    const HOUR = 3_600_000;
    const hours = {
      sinceMs: 0,
      nowMs: 48 * HOUR,
      hours: [{ atMs: 0, requests: 3600, busiestMinute: 60 }],
      otherLines: 2,
    };

    const found = whatIf(EXPLAINED, BUSY, { ...PLAIN, hours });

    expect(found.replayed).toHaveLength(found.options.length);
    const lines = whatIfLines(found);
    const at = lines.indexOf('The 3,600 requests of 48 hours, each hour with its own, as a month:');
    expect(lines[at + 2]).toMatch(/^\* lambda with [\d,]+ MiB +\d+\.\d\d +\d+\.\d\d/);
    expect(lines).toContain(`  and ${found.options.length - 6} more (--json has all)`);
    expect(lines).toContain('2 lines of the log are no entry, and did not count.');
    const one = { ...hours, nowMs: HOUR, hours: [{ atMs: 0, requests: 1, busiestMinute: 1 }] };
    const few = whatIfLines(
      whatIf(EXPLAINED, BUSY, { ...PLAIN, hours: { ...one, otherLines: 0 } }),
    );
    expect(few).toContain('The 1 request of 1 hour, each hour with its own, as a month:');
    expect(few.join('\n')).not.toMatch('of the log');
  });
});
