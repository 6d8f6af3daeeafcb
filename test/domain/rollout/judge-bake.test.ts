import fc from 'fast-check';
import type { BakeRecord } from '#domain/deployment.ts';
import type { Judge } from '#domain/rollout/bake-finding.ts';
import { type BakeEvidence, judgeBake } from '#domain/rollout/judge-bake.ts';

const bake: BakeRecord = {
  startedAtMs: 0,
  bakeSeconds: 60,
  probesSent: 20,
  probesFailed: 0,
  lastFailure: '',
  latenciesMs: [],
  previousLatenciesMs: [],
  isOver: false,
};
const over: BakeEvidence = {
  bake,
  elapsedMs: 60_000,
  requests: 0,
  serverErrors: 0,
  refused: 0,
  before: null,
  minRequests: 50,
  alarms: { named: [], ringing: [], unknown: [] },
  paces: null,
  previousOwnMs: [],
  answers: null,
};
/** The kind of the verdict, and the reason of a breach. */
function verdictOn(evidence: BakeEvidence) {
  const { kind, judges } = judgeBake(evidence);
  const breach = judges.find(({ verdict }) => verdict === 'breach');
  return { kind, ...(breach && { reason: breach.reason }) };
}

const under: BakeEvidence = { ...over, elapsedMs: 0 };
const five = (ms: number) => new Array<number>(5).fill(ms);
const eight = (ms: number) => new Array<number>(8).fill(ms);

describe('a bake', () => {
  it('goes on until its time is over', () => {
    expect(verdictOn({ ...over, elapsedMs: 59_999 })).toEqual({ kind: 'baking' });
    expect(verdictOn(over).kind).toBe('done');
  });

  it('has the finding of each judge', () => {
    expect(judgeBake(over).judges).toEqual([
      { judge: 'alarms', verdict: 'unproven', reason: 'rollout.alarms names none' },
      {
        judge: 'probes',
        verdict: 'passed',
        reason: "all 20 probes since the shift were answered as the model's proof says",
      },
      {
        judge: 'traffic',
        verdict: 'unproven',
        reason:
          "0 requests since the shift, with Slipway's own: 0 server errors, 0 refused (4xx); 50 would show more",
      },
      {
        judge: 'pace',
        verdict: 'unproven',
        reason: 'too few probes of both versions were answered',
      },
      {
        judge: 'answers',
        verdict: 'unproven',
        reason: 'they are compared once the time of this step is over',
      },
    ]);
  });

  const findingOf = (judge: Judge, evidence: BakeEvidence) =>
    judgeBake(evidence).judges.find((each) => each.judge === judge)!;

  it.each([
    { requests: 49, verdict: 'unproven' },
    { requests: 50, verdict: 'passed' },
  ])('of $requests requests: their judge says $verdict', ({ requests, verdict }) => {
    expect(findingOf('traffic', { ...over, requests }).verdict).toBe(verdict);
  });

  it.each([
    [[], 'passed', 'not in state ALARM: p99'],
    [['p99'], 'unproven', 'the alarm p99 was not found, so it was not watched'],
  ])('whose alarm is quiet, with %j unknown: their judge says %s', (unknown, verdict, reason) => {
    const alarms = { named: ['p99'], ringing: [], unknown };

    expect(findingOf('alarms', { ...over, alarms })).toMatchObject({ verdict, reason });
  });

  it('says how long requests take', () => {
    const timed = { ...bake, latenciesMs: five(2), previousLatenciesMs: five(3) };

    expect(findingOf('pace', { ...over, bake: timed })).toMatchObject({
      verdict: 'passed',
      reason: 'a request takes 2 ms, and 3 ms on the revision it replaces',
    });
  });

  it.each([
    ['passed', 'done'],
    ['unproven', 'done'],
    ['breach', 'breach'],
  ] as const)('whose answers are found %s is %s', (verdict, kind) => {
    const answers = { verdict, reason: 'all answers are ten times as large' };

    expect(verdictOn({ ...over, answers })).toEqual({
      kind,
      ...(kind === 'breach' && { reason: answers.reason }),
    });
  });

  it.each([
    ['none before', 30, { requests: 1000, refused: 0, serverErrors: 0 }, 'breach'],
    ['as many before', 30, { requests: 1000, refused: 300, serverErrors: 0 }, 'done'],
    ['nearly as many before', 16, { requests: 1000, refused: 120, serverErrors: 0 }, 'done'],
    ['far fewer before', 40, { requests: 1000, refused: 120, serverErrors: 0 }, 'breach'],
    ['too few requests before to know', 30, { requests: 49, refused: 0, serverErrors: 0 }, 'done'],
    ['no revision before', 30, null, 'done'],
    [
      'so few now that it is 5 % at most',
      5,
      { requests: 1000, refused: 0, serverErrors: 0 },
      'done',
    ],
  ])('of 100 requests is judged by what was refused: %s', (_, refused, before, kind) => {
    expect(verdictOn({ ...over, requests: 100, refused, before }).kind).toBe(kind);
  });

  it('says how many requests were refused, and how many before', () => {
    expect(
      verdictOn({
        ...under,
        requests: 347,
        refused: 347,
        before: { requests: 900, refused: 2, serverErrors: 0 },
      }),
    ).toEqual({
      kind: 'breach',
      reason:
        '347 of 347 requests since the shift were refused (4xx), and 2 of 900 by the revision it replaces; the limit is 5 % more',
    });
  });

  it('puts up with one failed probe in twenty and no more', () => {
    const failing = (probesFailed: number, probesSent: number) =>
      verdictOn({
        ...over,
        bake: { ...bake, probesSent, probesFailed, lastFailure: 'was answered 500' },
      });

    expect(failing(1, 20).kind).toBe('done');
    expect(failing(2, 40).kind).toBe('done');
    expect(failing(2, 20)).toEqual({
      kind: 'breach',
      reason: '2 of 20 probes failed since the shift; the last: was answered 500',
    });
  });

  it('is not judged by a first failed probe: it may be one in twenty, or the first of many', () => {
    const failing = (probesFailed: number) =>
      verdictOn({ ...under, bake: { ...bake, probesSent: 10, probesFailed } }).kind;

    expect([failing(1), failing(2)]).toEqual(['baking', 'breach']);
  });

  it('waits five minutes more to know what a single failed probe was, and is then a breach', () => {
    const doubtful = { ...bake, probesSent: 19, probesFailed: 1, lastFailure: 'was answered 500' };
    const judged = (elapsedMs: number) => verdictOn({ ...over, bake: doubtful, elapsedMs });

    expect([judged(60_000).kind, judged(359_999).kind]).toEqual(['baking', 'baking']);
    expect(judged(360_000)).toEqual({
      kind: 'breach',
      reason: '1 of 19 probes failed since the shift; the last: was answered 500',
    });
  });

  it('puts up with one server error in twenty requests and no more', () => {
    const failing = (serverErrors: number) => verdictOn({ ...under, requests: 100, serverErrors });

    expect(failing(5).kind).toBe('baking');
    expect(failing(6)).toEqual({
      kind: 'breach',
      reason: '6 of 100 requests since the shift were answered by a server error; the limit is 5 %',
    });
  });

  it('is a breach before there are as many requests as the manifest says, once those to come could not make up for it', () => {
    const failing = (requests: number, serverErrors: number) =>
      verdictOn({ ...over, requests, serverErrors, minRequests: 100 });

    expect(failing(5, 5)).toEqual({ kind: 'done' });
    expect(failing(6, 6)).toEqual({
      kind: 'breach',
      reason: '6 of 6 requests since the shift were answered by a server error; the limit is 5 %',
    });
  });

  it('is a breach as soon as one of its alarms rings', () => {
    expect(verdictOn({ ...under, alarms: { ...over.alarms, ringing: ['p99', 'errors'] } })).toEqual(
      {
        kind: 'breach',
        reason: 'in state ALARM: p99, errors',
      },
    );
  });

  it.each([
    { now: 101, before: 1, kind: 'baking', why: 'is a little slower in all' },
    { now: 102, before: 1, kind: 'breach', why: 'is 102 times slower' },
    { now: 500, before: 100, kind: 'baking', why: 'is five times slower' },
    { now: 501, before: 100, kind: 'breach', why: 'is more than that' },
    { now: 100, before: 500, kind: 'baking', why: 'is faster' },
  ])('is a $kind when a request of $before ms takes $now: it $why', ({ now, before, kind }) => {
    const timed = { ...bake, latenciesMs: eight(now), previousLatenciesMs: eight(before) };

    expect(verdictOn({ ...under, bake: timed }).kind).toBe(kind);
  });

  const slowly = (latenciesMs: readonly number[], previousLatenciesMs: readonly number[]) => ({
    ...bake,
    latenciesMs,
    previousLatenciesMs,
  });
  // A healthy version and the one before it, measured in turns at a load of 40: most answers are slow, by chance more of the one than of the other.
  const LOADED = [4, 5, 310, 290, 420, 6, 350, 380];
  const LOADED_BEFORE = [5, 330, 4, 6, 7, 400, 5, 310];

  it('goes on for up to a minute while a slowdown may be the chance of a busy machine', () => {
    const doubtful = slowly(LOADED, LOADED_BEFORE);
    const judged = (elapsedMs: number) => verdictOn({ ...over, bake: doubtful, elapsedMs }).kind;

    expect([judged(1_000), judged(60_000), judged(119_999), judged(120_000)]).toEqual([
      'baking',
      'baking',
      'baking',
      'done',
    ]);
  });

  it('is a breach after that minute where few probes, and each of them, show a slowdown', () => {
    const few = slowly(five(9000), five(90));
    const judged = (elapsedMs: number) => verdictOn({ ...over, bake: few, elapsedMs }).kind;

    expect([judged(1000), judged(119_999), judged(120_000)]).toEqual([
      'baking',
      'baking',
      'breach',
    ]);
  });

  it('takes more to be a breach at a later look: all looks together have one budget of errors', () => {
    const at = (looks: number) =>
      verdictOn({ ...under, bake: { ...slowly(eight(9000), eight(90)), looks } }).kind;

    expect([at(1), at(3), at(4), at(100)]).toEqual(['breach', 'breach', 'baking', 'baking']);
  });

  it.each([
    [
      'as the revision before, by chance a few more',
      60,
      { requests: 2000, refused: 0, serverErrors: 80 },
      'done',
    ],
    [
      'far more than the revision before',
      200,
      { requests: 2000, refused: 0, serverErrors: 80 },
      'breach',
    ],
    [
      'which the revision before had not',
      60,
      { requests: 2000, refused: 0, serverErrors: 0 },
      'breach',
    ],
    [
      'and too many already before',
      60,
      { requests: 2000, refused: 0, serverErrors: 900 },
      'breach',
    ],
  ])('of 1000 requests has server errors: %s', (_, serverErrors, before, kind) => {
    expect(verdictOn({ ...over, requests: 1000, serverErrors, before }).kind).toBe(kind);
  });

  // A version that computes seven times as much as the one before it, 14 ms instead of 2 ms of CPU, measured in turns on two cores at a load of 13.
  const COMPUTING = [333, 330, 560, 218, 637, 317, 382, 377, 320, 425, 330, 463];
  const COMPUTING_BEFORE = [63, 82, 42, 30, 41, 46, 76, 48, 56, 43, 11, 84];

  it('is not held back by the load of a machine, which makes few milliseconds many', () => {
    const busy = { ...over, bake: slowly(COMPUTING, COMPUTING_BEFORE) };

    expect(findingOf('pace', busy)).toEqual({
      judge: 'pace',
      verdict: 'passed',
      reason: 'a request takes 377 ms, and 48 ms on the revision it replaces',
    });
  });

  it('is held back on a busy machine where it computes fifty times as much', () => {
    const slow = slowly([4844, 4392, 4251, 5051, 4707, 4586], [63, 176, 68, 56, 257, 124]);
    const judged = (elapsedMs: number) => verdictOn({ ...over, bake: slow, elapsedMs }).kind;

    expect([judged(60_000), judged(120_000)]).toEqual(['baking', 'breach']);
  });

  it('has the same verdict at any load, once the version before was baked without it', () => {
    const whole = (min: number, max: number) => fc.integer({ min, max });
    const verdictAt = (load: number, now: number, before: number) =>
      verdictOn({
        ...over,
        bake: slowly(eight(now * load), eight(before * load)),
        previousOwnMs: five(before),
      }).kind;

    fc.assert(
      fc.property(whole(1, 600), whole(5, 40), whole(1, 100), (now, before, load) => {
        expect(verdictAt(load, now, before)).toBe(verdictAt(1, now, before));
      }),
    );
  });

  it.each([
    [[], 'breach'],
    [[5, 4, 6], 'done'],
    [[40, 41, 39], 'breach'],
  ])(
    'is beside a revision that took %j ms in its own bake, and 40 ms now: %s',
    (previousOwnMs, kind) => {
      const timed = slowly(eight(240), eight(40));

      expect(verdictOn({ ...over, bake: timed, previousOwnMs }).kind).toBe(kind);
    },
  );

  it('is done once more probes have shown that it was chance', () => {
    const enough = slowly([...LOADED, ...LOADED_BEFORE], [...LOADED_BEFORE, ...LOADED]);

    expect(verdictOn({ ...over, bake: enough }).kind).toBe('done');
  });

  it('is a breach at once on a busy machine too when a version is slow beside the one before it', () => {
    const slow = slowly(
      LOADED.map((ms) => ms + 500),
      LOADED_BEFORE,
    );

    expect(verdictOn({ ...under, bake: slow }).kind).toBe('breach');
  });

  it.each([
    [900.4, 90, [], 'the limit is 450 ms, 5 times as long'],
    [900.4, 9, [], 'the limit is 109 ms, 100 ms more'],
    [900.4, 20, [8], 'the limit is 270 ms, 100 ms more × 2.5 for the load of the machine'],
  ])('of %d ms beside %d ms, and %j ms before: it says that %s', (now, before, own, limit) => {
    const timed = slowly(eight(now), eight(before));

    expect(verdictOn({ ...under, bake: timed, previousOwnMs: own })).toEqual({
      kind: 'breach',
      reason: `a request takes 900 ms, and ${before} ms on the revision it replaces; ${limit}`,
    });
  });

  it.each([
    [450, 90, []],
    [109, 9, []],
    [270, 20, [8]],
  ])(
    'of %d ms is at its limit, and not slow, beside %d ms, and %j ms before',
    (now, before, own) => {
      const timed = slowly(eight(now), eight(before));

      expect(findingOf('pace', { ...under, bake: timed, previousOwnMs: own }).verdict).toBe(
        'passed',
      );
    },
  );

  // A cache that misses two of three times: a median of 50 ms, 2 ms at the luckiest.
  const VARIED = [50, 2, 52, 48, 2, 51, 50, 2, 53];

  it.each([
    ['answers as that one', 1],
    ['takes twice as long', 2],
    ['takes four times as long', 4],
  ])(
    'is not held back by lucky answers of a version before whose times vary, where it %s',
    (_, times) => {
      const timed = slowly(
        VARIED.map((ms) => ms * times),
        VARIED,
      );

      expect(findingOf('pace', { ...over, bake: timed, previousOwnMs: VARIED }).verdict).toBe(
        'passed',
      );
    },
  );

  it('is never held back by one lucky answer more of the version before: it only makes the limit grow', () => {
    const times = (min: number, max: number) =>
      fc.array(fc.integer({ min, max }), { minLength: 8, maxLength: 9 });
    const isSlow = (now: readonly number[], before: readonly number[], own: readonly number[]) =>
      findingOf('pace', {
        ...over,
        elapsedMs: 120_000,
        bake: slowly(now, before),
        previousOwnMs: own,
      }).verdict === 'breach';

    fc.assert(
      fc.property(
        times(60, 140),
        times(10, 20),
        times(10, 20),
        fc.integer({ min: 0, max: 12 }),
        (now, before, own, lucky) => {
          expect(isSlow(now, before, [...own, lucky]) && !isSlow(now, before, own)).toBe(false);
        },
      ),
    );
  });

  it.each([
    [2100, 'passed'],
    [2101, 'breach'],
  ])(
    'of %d ms beside 100 ms, the fastest 5 ms, is at most 21 times as long: %s',
    (now, verdict) => {
      const timed = slowly(eight(now), [5, ...eight(100).slice(1)]);

      expect(findingOf('pace', { ...under, bake: timed }).verdict).toBe(verdict);
    },
  );

  it('is not judged by the time of fewer than five probes on each side', () => {
    const slow = { ...bake, latenciesMs: five(9000), previousLatenciesMs: five(1).slice(1) };

    expect(verdictOn({ ...over, bake: slow }).kind).toBe('done');
  });

  it('is not judged by one slow request among quick ones', () => {
    const latenciesMs = [1, 1, 1, 9000, 9000];

    expect(
      verdictOn({ ...over, bake: { ...bake, latenciesMs, previousLatenciesMs: five(1) } }).kind,
    ).toBe('done');
  });

  it('of a language model is a breach when it writes at less than half the pace of the version before', () => {
    const writing = (now: number, answers = 20) =>
      verdictOn({
        ...over,
        paces: {
          candidate: { answers, tokensPerSecond: now },
          previous: { answers: 20, tokensPerSecond: 50 },
        },
      });

    expect(writing(25).kind).toBe('done');
    expect(writing(24, 19).kind).toBe('done');
    expect(writing(24)).toEqual({
      kind: 'breach',
      reason:
        'it writes 24.0 tokens a second, and the revision it replaces 50.0; the limit is 50 % of that',
    });
  });

  it('without a probe result waits a minute longer and is then a breach', () => {
    const silent = { ...over, bake: { ...bake, probesSent: 0 }, requests: 1000 };

    expect(verdictOn({ ...silent, elapsedMs: 119_999 })).toEqual({ kind: 'baking' });
    expect(verdictOn({ ...silent, elapsedMs: 120_000 })).toEqual({
      kind: 'breach',
      reason: expect.stringContaining('no probe has been answered'),
    });
  });

  it('is never done without a probe result or with a ringing alarm, and is decided five minutes after its time at the latest', () => {
    const evidence = fc.record({
      probesSent: fc.nat(100),
      failedShare: fc.double({ min: 0, max: 1, noNaN: true }),
      elapsedMs: fc.nat(400_000),
      requests: fc.nat(200),
      errorShare: fc.double({ min: 0, max: 1, noNaN: true }),
      ringing: fc.subarray(['p99', 'errors']),
    });
    fc.assert(
      fc.property(evidence, ({ probesSent, failedShare, requests, errorShare, ...seen }) => {
        const probesFailed = Math.floor(probesSent * failedShare);
        const serverErrors = Math.floor(requests * errorShare);
        const probes = { ...bake, probesSent, probesFailed };
        const { ringing, elapsedMs } = seen;
        const alarms = { named: ['p99', 'errors'], ringing, unknown: [] };
        const { kind } = verdictOn({
          ...over,
          ...{ elapsedMs, alarms, requests, serverErrors },
          bake: probes,
        });

        const rules = [
          { holds: probesSent === 0, never: ['done'] },
          { holds: seen.ringing.length > 0, never: ['done', 'baking'] },
          { holds: seen.elapsedMs >= 360_000, never: ['baking'] },
          { holds: seen.elapsedMs < 60_000, never: ['done'] },
          { holds: probesFailed > Math.max(1, probesSent / 20), never: ['done', 'baking'] },
        ];
        expect(rules.filter(({ holds, never }) => holds && never.includes(kind))).toEqual([]);
      }),
    );
  });
});
