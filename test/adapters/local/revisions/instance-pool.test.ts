import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type InstancePool,
  instancePool,
  MOST_WAITING,
} from '#adapters/local/revisions/instance-pool.ts';
import type {
  InvocationRefusal,
  InvocationSlot,
  Sharing,
} from '#adapters/local/revisions/invocation.ts';
import type { ServerEnd } from '#adapters/local/revisions/revision.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';
import { type FakeTimers, fakeTimers } from '../../../support/clock/fake-timers.ts';
import {
  type ScriptedModelServer,
  scriptedModelServer,
} from '../../../support/local/scripted-model-server.ts';

const PATIENT = new AbortController().signal;
const LIMITS = { maxInstances: 3, idleSeconds: 300, requestTimeoutMs: 29_000 };
const QUICK_MS = 50;

/** One request, and its outcome so far. */
type Asked = { answer: InvocationSlot | InvocationRefusal | undefined };

describe('the instances of a revision', () => {
  let timers: FakeTimers;
  let servers: ScriptedModelServer[];
  let pool: InstancePool;
  let told: string[];
  let ends: ServerEnd[];
  let clock: ReturnType<typeof fakeClock>;
  let most: number | undefined;
  beforeEach(() => {
    most = undefined;
    timers = fakeTimers();
    servers = [];
    told = [];
    ends = [];
    clock = fakeClock(0);
    pool = opened(null);
  });

  const opened = (requestSlots: number | null) =>
    instancePool('digits-v1', {
      launch() {
        servers.push(scriptedModelServer(servers.length + 1));
        return servers.at(-1)!.server;
      },
      timers,
      clock,
      limits: LIMITS,
      requestsAtOnce: 3,
      requestSlots,
      log: {
        async append(bytes) {
          told.push(Buffer.from(bytes).toString());
        },
      },
      ceiling: () => most,
      onEnd: (end) => void ends.push(end),
    });

  async function ask(sharing: Sharing = 'shared', signal = PATIENT): Promise<Asked> {
    const asked: Asked = { answer: undefined };
    void pool.invoke(signal, sharing).then((answer) => {
      asked.answer = answer;
    });
    await nextTurn();
    return asked;
  }

  /** Advances the time by so much, and runs everything that falls due. */
  async function pass(ms: number): Promise<void> {
    for (let gone = 0; gone < ms; gone += QUICK_MS) {
      timers.advance(QUICK_MS);
      await nextTurn();
    }
  }

  async function started(count = 1): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      const warming = pool.warm();
      await servers.at(-1)!.ready();
      await warming;
    }
  }

  const slotOf = ({ answer }: Asked): InvocationSlot => {
    if (answer?.kind !== 'slot') throw new Error(`no slot: ${JSON.stringify(answer)}`);
    return answer;
  };
  const release = async (asked: Asked, outcome: 'done' | 'aborted' | 'timeout' = 'done') => {
    slotOf(asked).release(outcome);
    await nextTurn();
  };
  const serverOf = (asked: Asked) => Number(slotOf(asked).origin.at(-1));

  /** Answers some requests at once, so that the instance is known to be quick. */
  async function quick(): Promise<void> {
    for (let answered = 0; answered < 5; answered += 1) await release(await ask());
  }

  describe('take', () => {
    it('one request until they have answered one quickly, then one more for each, to their limit', async () => {
      await started();
      const taken: number[] = [];

      for (let round = 0; round < 5; round += 1) {
        const asked = [await ask(), await ask(), await ask(), await ask()];
        const had = asked.filter(({ answer }) => answer?.kind === 'slot');
        taken.push(had.length);
        for (const one of asked) await release(one);
      }

      expect(taken[0]).toBe(1);
      expect(taken.slice(1)).toEqual([3, 3, 3, 3]);
    });

    it('one at a time again after an answer that was not quick', async () => {
      await started();
      await quick();
      const slow = await ask();
      await pass(QUICK_MS + QUICK_MS);

      await release(slow);

      const first = await ask();
      expect(serverOf(first)).toBe(1);
      expect((await ask()).answer).toBeUndefined();
    });

    it('none beside one that has been there for longer than a quick one', async () => {
      await started();
      await quick();
      await ask();
      await pass(QUICK_MS + QUICK_MS);

      expect((await ask()).answer).toBeUndefined();
    });

    it('the next request as the oldest that has room', async () => {
      await started(2);
      const [first, second] = [await ask(), await ask()];
      expect([serverOf(first), serverOf(second)]).toEqual([1, 2]);

      await release(first);

      expect([serverOf(await ask()), serverOf(await ask())]).toEqual([1, 1]);
    });

    it('as many as they answer in 50 ms, to their limit', async () => {
      await started();
      const answerIn = async (ms: number) => {
        const one = await ask();
        timers.advance(ms);
        await release(one);
      };

      for (let answered = 0; answered < 5; answered += 1) await answerIn(20);

      const asked = [await ask(), await ask(), await ask()];
      expect(asked.filter(({ answer }) => answer?.kind === 'slot')).toHaveLength(2);
    });
  });

  describe('with slots', () => {
    beforeEach(async () => {
      pool = opened(2);
      await started();
    });

    it('take a request in each, however long the others take, and the next one when one is free', async () => {
      const first = await ask();
      await pass(1_000);
      const second = await ask();
      const third = await ask();
      await pass(400);
      expect([serverOf(first), serverOf(second), third.answer]).toEqual([1, 1, undefined]);

      await release(first);

      expect(serverOf(third)).toBe(1);
      expect(servers).toHaveLength(1);
    });

    it('send nobody away who is beside a slow one', async () => {
      const recalled: string[] = [];
      slotOf(await ask()).onRecall(() => recalled.push('first'));
      slotOf(await ask()).onRecall(() => recalled.push('second'));

      await pass(5_000);

      expect(recalled).toEqual([]);
    });

    it('are ended for one that takes too long only once no other is answered there', async () => {
      const [first, second] = [await ask(), await ask()];

      await release(first, 'timeout');
      expect(slotOf(second).diagnosis()).toBeUndefined();
      await release(second, 'timeout');

      expect(slotOf(second).diagnosis()).toMatch(/did not answer in 29000 ms/);
    });
  });

  describe('are taken in turn', () => {
    it('by those who came first, and one who left before has none', async () => {
      await started();
      const busy = await ask();
      const leaving = new AbortController();
      const gone = await ask('shared', leaving.signal);
      const [second, third] = [await ask(), await ask()];

      leaving.abort();
      await pass(QUICK_MS + QUICK_MS);
      await release(busy);

      expect(slotOf(second).origin).toBe('http://server-1');
      expect(third.answer).toBeUndefined();
      expect(gone.answer).toMatchObject({ kind: 'refused', status: 504 });
      expect(pool.inFlight()).toBe(2);
    });

    it('by a request that lost its server to another one before all others, with nobody beside it', async () => {
      await started();
      await quick();
      const [one, two] = [await ask(), await ask()];
      await pass(QUICK_MS + QUICK_MS);
      const waiting = await ask();
      const alone = await ask('alone');

      await release(one);
      expect([alone.answer, waiting.answer]).toEqual([undefined, undefined]);
      await release(two);

      expect(slotOf(alone).isRepeatable()).toBe(false);
      expect(waiting.answer).toBeUndefined();
      await release(alone);
      expect(serverOf(waiting)).toBe(1);
    });

    it('by a thousand, and the next one is told to come back', async () => {
      await started();
      await ask();
      for (let index = 0; index < MOST_WAITING; index += 1) void pool.invoke(PATIENT, 'shared');

      const over = await ask();

      expect(over.answer).toEqual({
        kind: 'refused',
        status: 503,
        error: '1000 requests are waiting for digits-v1, which is the limit',
        retryAfterSeconds: 1,
      });
      expect((await ask('alone')).answer).toBeUndefined();
    });

    it('for as long as a request may take, then no more', async () => {
      await started(3);
      for (let index = 0; index < 3; index += 1) await ask();
      const waiting = await ask();

      await pass(LIMITS.requestTimeoutMs - QUICK_MS);
      expect(waiting.answer).toBeUndefined();
      await pass(QUICK_MS);

      expect(waiting.answer).toEqual({
        kind: 'refused',
        status: 504,
        error: 'digits-v1 was busy with other requests for 29 s',
      });
    });

    it('by nobody any more once all are closed', async () => {
      await started();
      await ask();
      const waiting = await ask();

      await pool.close();
      await nextTurn();

      const stopped = { kind: 'refused', status: 503, error: 'digits-v1 is stopped' };
      expect(waiting.answer).toEqual(stopped);
      expect((await ask()).answer).toEqual(stopped);
      expect(servers).toHaveLength(1);
    });
  });

  describe('grow in number', () => {
    it('no further than their ceiling, while there is one', async () => {
      most = 2;
      await started();
      for (let waiting = 0; waiting < 4; waiting += 1) await ask();

      await pass(QUICK_MS * 4);
      expect(servers).toHaveLength(2);
      most = undefined;
      await pass(QUICK_MS);
      expect(servers).toHaveLength(3);
    });

    it('when nobody got a turn for 50 ms, one by one to the limit, as many as wait', async () => {
      await started();
      await ask();
      const [second, third] = [await ask(), await ask()];
      expect(servers).toHaveLength(1);

      await pass(QUICK_MS);
      expect(servers).toHaveLength(2);
      await pass(QUICK_MS);
      expect(servers).toHaveLength(3);
      await pass(1_000);
      expect(servers).toHaveLength(3);

      await servers[1]!.ready();
      await servers[2]!.ready();
      await nextTurn();
      expect([serverOf(second), serverOf(third)]).toEqual([2, 3]);
    });

    it('not while turns go on, until somebody has waited longer than a start takes', async () => {
      await started();
      await quick();
      const asked: Asked[] = [];
      for (let index = 0; index < 100; index += 1) asked.push(await ask());
      const answered = new Set<Asked>();
      /** Advances the time by so much, and answers every request that has a turn each 25 ms. */
      const goOn = async (ms: number) => {
        for (let gone = 0; gone < ms; gone += 25) {
          timers.advance(25);
          await nextTurn();
          const having = asked.filter((one) => one.answer?.kind === 'slot' && !answered.has(one));
          for (const one of having) {
            answered.add(one);
            await release(one);
          }
        }
      };

      await goOn(475);
      expect(servers).toHaveLength(1);

      await goOn(50);
      expect(servers).toHaveLength(2);
    });

    it('from none at once, by one for all who wait', async () => {
      const asked = [await ask(), await ask(), await ask()];
      await pass(1_000);
      expect(servers).toHaveLength(1);

      await servers[0]!.ready();
      await nextTurn();

      expect(asked.filter(({ answer }) => answer?.kind === 'slot')).toHaveLength(1);
    });

    it('not for ten seconds after a start that failed, and who waits is answered by the others', async () => {
      await started();
      const busy = await ask();
      const waiting = await ask();
      await pass(QUICK_MS);
      await servers[1]!.crash();
      await pass(9_000);
      expect(servers).toHaveLength(2);

      await release(busy);

      expect(serverOf(waiting)).toBe(1);
    });

    it('after a start that failed and was the only one only for the next who asks', async () => {
      const asked = [await ask(), await ask()];

      await servers[0]!.crash();
      await pass(1_000);

      expect(asked.map(({ answer }) => answer)).toEqual(
        asked.map(() => ({
          kind: 'refused',
          status: 502,
          error: 'the model server of digits-v1 exited with code 1',
        })),
      );
      expect(servers).toHaveLength(1);
      await ask();
      expect(servers).toHaveLength(2);
    });
  });

  describe('that end', () => {
    it('by a crash leave nobody waiting', async () => {
      await started();
      await ask();
      const waiting = await ask();

      await servers[0]!.crash();
      await nextTurn();
      await servers[1]!.ready();
      await nextTurn();

      expect(serverOf(waiting)).toBe(2);
    });

    it('may have been ended by any request that they had, unless they had but one', async () => {
      await started();
      await quick();
      const alone = await ask();
      expect(slotOf(alone).isRepeatable()).toBe(false);

      const beside = await ask();

      expect([alone, beside].map((asked) => slotOf(asked).isRepeatable())).toEqual([true, true]);
    });

    it('for one that takes too long have no other by then: who waits behind one for a second is sent away', async () => {
      await started();
      await quick();
      const recalled: string[] = [];
      const [long, behind] = [await ask(), await ask()];
      slotOf(long).onRecall(() => recalled.push('long'));
      slotOf(behind).onRecall(() => recalled.push('behind'));

      await pass(950);
      expect(recalled).toEqual([]);
      await pass(QUICK_MS);

      expect(recalled).toEqual(['behind']);
      await release(behind, 'aborted');
      await pass(5_000);
      expect(recalled).toEqual(['behind']);
      expect(timers.leftMs()).toEqual([]);
    });

    it('when they are retired do so with their last request, and who waits has a new one', async () => {
      await started();
      await quick();
      const [one, two] = [await ask(), await ask()];
      await pass(QUICK_MS + QUICK_MS);
      const waiting = await ask();

      const retiring = pool.retire();
      await release(one);
      expect(servers[0]!.server.diagnosis()).toBeUndefined();
      await release(two);
      await retiring;

      await servers[1]!.ready();
      await nextTurn();
      expect(serverOf(waiting)).toBe(2);
    });

    it('while they start for somebody, as they are retired, leave the start to a new one', async () => {
      const waiting = await ask();

      await pool.retire();
      await nextTurn();
      await servers[1]!.ready();
      await nextTurn();

      expect(serverOf(waiting)).toBe(2);
    });
  });

  describe('tell in the log', () => {
    it('why one ended that nobody stopped', async () => {
      await started();

      await servers[0]!.crash();
      await nextTurn();

      expect(told).toEqual(['slipway: the model server of digits-v1 exited with code 1\n']);
      expect(ends).toMatchObject([{ cause: 'crash' }]);
    });

    it('that one was ended in the middle of a request that took too long', async () => {
      await started();

      await release(await ask(), 'timeout');

      expect(told).toEqual(['slipway: the model server of digits-v1 did not answer in 29000 ms\n']);
      expect(ends).toMatchObject([{ cause: 'hang' }]);
    });

    it('that nobody has asked for long, but nothing of one that is retired', async () => {
      await started(2);

      await pool.retire();
      expect(told).toEqual([]);
      await started();
      clock.advance(300_000);
      await pool.reap();

      expect(told).toEqual([
        'slipway: the model server of digits-v1 was stopped after 300 s without a request\n',
      ]);
      expect(ends).toEqual([]);
    });

    it('nothing of the first start, which is told with the state of the revision, but of a later one', async () => {
      void pool.warm();
      await servers[0]!.crash();
      await nextTurn();
      expect(told).toEqual([]);

      await ask();
      await servers[1]!.crash();
      await nextTurn();

      expect(told).toHaveLength(1);
    });
  });
});
