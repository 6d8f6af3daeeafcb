import { numbersFrom } from '#domain/comparison/seeded-random.ts';
import type { BakeRecord } from '#domain/deployment.ts';
import { BAKE_ERROR } from '#domain/rollout/error-budget.ts';
import { judgeBake } from '#domain/rollout/judge-bake.ts';

const KEPT_LATENCIES = 30;
const SLICE_MS = 30_000;
const MIN_REQUESTS = 20;
const BEFORE = 2000;

type Rates = { readonly refused: number; readonly failing: number; readonly slow: number };

/** How often a bake of so many looks breaches, where the new version has the rates `now` and the one before `before`. */
function breaches(
  { bakes, looks }: { readonly bakes: number; readonly looks: number },
  { before, now = before }: { readonly before: Rates; readonly now?: Rates },
): number {
  let breached = 0;
  for (let run = 0; run < bakes; run += 1) {
    const random = numbersFrom(`bake ${run} ${JSON.stringify([before, now])}`);
    const times = (count: number, rate: number) => {
      let found = 0;
      for (let each = 0; each < count; each += 1) found += Number(random() < rate);
      return found;
    };
    // A busy machine: some answers take a hundred times as long.
    const latencies = (count: number, rate: number) =>
      Array.from({ length: count }, () => (random() < rate ? 300 : 3) * (0.5 + random()));
    const past = {
      requests: BEFORE,
      refused: times(BEFORE, before.refused),
      serverErrors: times(BEFORE, before.failing),
    };
    let bake: BakeRecord = {
      startedAtMs: 0,
      bakeSeconds: (looks * SLICE_MS) / 1000,
      probesSent: 0,
      probesFailed: 0,
      lastFailure: '',
      latenciesMs: [],
      previousLatenciesMs: [],
      isOver: false,
    };
    let traffic = { requests: 0, refused: 0, serverErrors: 0 };
    // Looks go on after the bake's time while a verdict is open.
    for (let look = 1; ; look += 1) {
      const came = 1 + Math.floor(random() * 20);
      traffic = {
        requests: traffic.requests + came,
        refused: traffic.refused + times(came, now.refused),
        serverErrors: traffic.serverErrors + times(came, now.failing),
      };
      bake = {
        ...bake,
        looks: look,
        probesSent: bake.probesSent + 5,
        latenciesMs: [...bake.latenciesMs, ...latencies(5, now.slow)].slice(-KEPT_LATENCIES),
        previousLatenciesMs: [...bake.previousLatenciesMs, ...latencies(5, before.slow)].slice(
          -KEPT_LATENCIES,
        ),
      };
      const { kind } = judgeBake({
        ...traffic,
        bake,
        elapsedMs: look * SLICE_MS,
        before: past,
        minRequests: MIN_REQUESTS,
        alarms: { named: [], ringing: [], unknown: [] },
        paces: null,
        previousOwnMs: [],
        answers: null,
      });
      breached += Number(kind === 'breach');
      if (kind !== 'baking') break;
    }
  }
  return breached;
}

describe('10,000 looks at equal versions', () => {
  it.each([
    ['that refuse nothing', { refused: 0, failing: 0, slow: 0 }],
    ['that refuse one request in a hundred', { refused: 0.01, failing: 0, slow: 0 }],
    ['that refuse a tenth', { refused: 0.1, failing: 0, slow: 0 }],
    ['of which one answer in a hundred is an error', { refused: 0, failing: 0.01, slow: 0 }],
    ['of which one answer in thirty is an error', { refused: 0, failing: 0.03, slow: 0 }],
    ['on a machine where half of the answers wait', { refused: 0, failing: 0, slow: 0.5 }],
    ['with all of these', { refused: 0.05, failing: 0.02, slow: 0.4 }],
  ])('breach in no more than their part of the error budget: versions %s', (_, before) => {
    expect(breaches({ bakes: 500, looks: 20 }, { before })).toBeLessThanOrEqual(500 * BAKE_ERROR);
  });

  it('breach no more often in one long bake than in many short ones', () => {
    const before = { refused: 0.02, failing: 0.01, slow: 0.4 };

    expect(breaches({ bakes: 20, looks: 500 }, { before })).toBe(0);
  });
});

describe('a version that is worse', () => {
  it.each([
    ['refuses a third', { refused: 0.33, failing: 0, slow: 0 }],
    ['answers one request in six with an error', { refused: 0, failing: 0.17, slow: 0 }],
    ['is slow in each answer', { refused: 0, failing: 0, slow: 1 }],
  ])('breaches in each of 100 bakes of 20 looks where it %s', (_, now) => {
    const before = { refused: 0.01, failing: 0.01, slow: 0 };

    expect(breaches({ bakes: 100, looks: 20 }, { before, now })).toBe(100);
  });
});
