import { compareAnswers } from '#domain/comparison/compare-answers.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import type { GoldenAnswer } from '#domain/rollout/golden-verdict.ts';
import { APART, type Comparing } from '#ports/comparing.ts';
import { askBoth } from '#steps/ask-both.ts';

const REQUESTS = Array.from({ length: 60 }, (_, at) => ({
  what: `row ${at}`,
  isDrawn: false,
  request: { protocol: 'invocations', body: { inputs: [at] } } as const,
  answer: { predictions: [at * 2] },
}));

/** A server that answers each row with twice its number, or thrice where `isOther`, in the order in which it is let; every request takes 10 ms of `clock`. */
function server(clock: { nowMs: number }, isOther: (row: number) => boolean = () => false) {
  const asked: number[] = [];
  let [underWay, most] = [0, 0];
  return {
    asked,
    most: () => most,
    async ask({ body }: GoldenRequest): Promise<GoldenAnswer> {
      const row = Number((body as { inputs: number[] }).inputs[0]);
      asked.push(row);
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise(setImmediate);
      clock.nowMs += 10;
      underWay -= 1;
      const said = JSON.stringify({ predictions: [row * (isOther(row) ? 3 : 2)] });
      return { kind: 'answer', status: 200, body: said };
    },
  };
}

type Given = {
  readonly comparing?: Comparing;
  readonly requests?: typeof REQUESTS;
  readonly isKept?: boolean;
  readonly isOther?: (row: number) => boolean;
};

async function asked({ comparing = APART, isKept = true, ...given }: Given = {}) {
  const { requests = REQUESTS, isOther } = given;
  const clock = { nowMs: 0 };
  const [live, candidate] = [server(clock), server(clock, isOther)];
  const answers = await askBoth({
    requests: requests.map(({ answer, ...each }) => ({ ...each, ...(isKept && { answer }) })),
    live: live.ask,
    candidate: candidate.ask,
    comparing,
    monotonicMs: () => clock.nowMs,
    tolerated: 0.02,
    truth: { margin: 0.02 },
  });
  return { answers, live, candidate, clock };
}

describe('the pace of a comparison', () => {
  it('asks both one request after another where it says so', async () => {
    const { live, candidate } = await asked({ isKept: false });

    expect([live.most(), candidate.most()]).toEqual([1, 1]);
  });

  it('asks the candidate two at once, and the live version never', async () => {
    const { live, candidate, answers } = await asked({ comparing: { ...APART, atOnce: 2 } });

    expect([live.most(), candidate.most()]).toEqual([1, 2]);
    expect(candidate.asked).toEqual(REQUESTS.map((_, at) => at));
    expect(answers.kept).toEqual({ asked: 60, changed: 0 });
  });

  it('finds the same whatever it is', async () => {
    const given = { isKept: false, isOther: (row: number) => row % 7 === 3 };
    const alone = await asked(given);

    for (const atOnce of [2, 5]) {
      let turns = 0;
      const comparing: Comparing = {
        ...APART,
        atOnce,
        async giveWay() {
          // Another order of the turns each time.
          turns += 1;
          for (let turn = 0; turn < turns % 4; turn += 1) await new Promise(setImmediate);
        },
      };
      const paced = await asked({ ...given, comparing });

      expect(paced.answers).toEqual(alone.answers);
      expect(paced.live.asked).toEqual(alone.live.asked);
    }
  });

  it('lets clients go before each request, in all for half a minute', async () => {
    const waits: number[] = [];
    const clock = { nowMs: 0 };
    const [live, candidate] = [server(clock), server(clock)];
    const many = Array.from({ length: 400 }, (_, at) => ({
      what: `row ${at}`,
      isDrawn: false,
      request: { protocol: 'invocations', body: { inputs: [at] } } as const,
      answer: { predictions: [at * 2] },
    }));

    const { kept } = await askBoth({
      requests: many,
      live: live.ask,
      candidate: candidate.ask,
      comparing: {
        ...APART,
        async giveWay(atMostMs) {
          waits.push(atMostMs);
          clock.nowMs += atMostMs;
        },
      },
      monotonicMs: () => clock.nowMs,
      tolerated: 0.02,
      truth: { margin: 0.02 },
    });

    // Twenty are asked of the live version, too.
    expect(waits).toHaveLength(420);
    expect(waits.filter((ms) => ms === 200)).toHaveLength(150);
    expect(waits.filter((ms) => ms === 0)).toHaveLength(270);
    // The time that clients were let go first is no work of a server.
    expect(kept.asked).toBe(400);
  });

  it('ends once a server has worked for five seconds, however many it had at once', async () => {
    const many = Array.from({ length: 2000 }, (_, at) => ({
      ...REQUESTS[0],
      what: `row ${at}`,
      isDrawn: false,
      request: { protocol: 'invocations', body: { inputs: [at] } } as const,
      answer: { predictions: [at * 2] },
    }));
    const alone = await asked({ requests: many });
    const paced = await asked({ requests: many, comparing: { ...APART, atOnce: 2 } });

    expect(alone.answers.kept.asked).toBe(500);
    expect(paced.answers.kept.asked).toBeGreaterThan(450);
    expect(paced.answers.kept.asked).toBeLessThan(520);
  });

  it('fails with the call that could not try, and leaves none behind', async () => {
    const clock = { nowMs: 0 };
    const live = server(clock);
    const failing = async ({ body }: GoldenRequest): Promise<GoldenAnswer> => {
      const row = Number((body as { inputs: number[] }).inputs[0]);
      if (row >= 3) throw new Error(`no permission for row ${row}`);
      return { kind: 'answer', status: 200, body: `{"predictions":[${row * 2}]}` };
    };

    await expect(
      askBoth({
        requests: REQUESTS,
        live: live.ask,
        candidate: failing,
        comparing: { ...APART, atOnce: 2 },
        monotonicMs: () => 0,
        tolerated: 0.02,
        truth: { margin: 0.02 },
      }),
    ).rejects.toThrow('row 3');
  });

  it('compares where it is told to', async () => {
    const compared: number[] = [];
    await asked({
      comparing: {
        ...APART,
        async compare(pairs, counting) {
          compared.push(pairs.length);
          return compareAnswers(pairs, counting);
        },
      },
    });

    expect(compared).toEqual([60]);
  });
});
