import type { Target } from '#domain/placement/target.ts';
import type { Metrics } from '#ports/metrics.ts';

export type MetricsUnderTest = {
  readonly metrics: Metrics;
  /** The target of `digits-v1` and `digits-v2`. */
  readonly target: Target;
  /** The time that is counted by, epoch ms. */
  now(): number;
  /** A client calls, and `revision` answers with `status`. */
  answer(revision: string, status: number): Promise<void>;
  /** A language model of `revision` has written an answer at this pace. */
  write(revision: string, tokensPerSecond: number): Promise<void>;
  /** Lets time pass. */
  pass(ms: number): void;
  close(): Promise<void>;
};

/** The deployment that made each revision. */
export const MADE_BY = 'd1';

/** The longest that AWS takes until all counts are there, with room. */
const LATE_MS = 300_000;

/** The promises of every Metrics. */
export function describeMetrics(name: string, start: () => Promise<MetricsUnderTest>): void {
  describe(`${name} keeps the promises of Metrics`, () => {
    let world: MetricsUnderTest;

    beforeEach(async () => {
      world = await start();
    });

    afterEach(() => world.close());

    const traffic = (sinceMs: number) =>
      world.metrics.traffic(
        { revision: 'digits-v1', target: world.target, madeBy: MADE_BY },
        sinceMs,
      );

    it('has counted nothing of a revision that answered nothing', async () => {
      expect(await traffic(0)).toEqual({ requests: 0, serverErrors: 0, refused: 0 });
    });

    it('counts the answers of a revision, in the end all of them', async () => {
      const sinceMs = world.now();
      for (const status of [200, 200, 404, 500, 503]) await world.answer('digits-v1', status);

      world.pass(LATE_MS);

      expect(await traffic(sinceMs)).toMatchObject({
        requests: 5,
        serverErrors: 2,
      });
    });

    it('does not take 429 for an error of the server', async () => {
      const sinceMs = world.now();
      await world.answer('digits-v1', 429);

      world.pass(LATE_MS);

      expect(await traffic(sinceMs)).toMatchObject({
        requests: 1,
        serverErrors: 0,
      });
    });

    it('counts what was refused for what it is', async () => {
      const sinceMs = world.now();
      for (const status of [200, 400, 422, 500]) await world.answer('digits-v1', status);

      world.pass(LATE_MS);

      expect(await traffic(sinceMs)).toEqual({ requests: 4, serverErrors: 1, refused: 2 });
    });

    it('counts each revision by itself', async () => {
      const sinceMs = world.now();
      await world.answer('digits-v1', 200);
      await world.answer('digits-v2', 500);

      world.pass(LATE_MS);

      expect(await traffic(sinceMs)).toEqual({
        requests: 1,
        serverErrors: 0,
        refused: 0,
      });
    });

    it('counts what came since a time, and not what came minutes before', async () => {
      await world.answer('digits-v1', 500);
      world.pass(120_000);
      const sinceMs = world.now();
      await world.answer('digits-v1', 200);

      world.pass(LATE_MS);

      expect(await traffic(sinceMs)).toEqual({
        requests: 1,
        serverErrors: 0,
        refused: 0,
      });
    });

    it('never counts more than there was', async () => {
      const sinceMs = world.now();
      for (let answers = 1; answers <= 10; answers += 1) {
        await world.answer('digits-v1', 500);
        world.pass(20_000);

        const { requests, serverErrors } = await traffic(sinceMs);

        expect(requests).toBeLessThanOrEqual(answers);
        expect(serverErrors).toBe(requests);
      }
    });

    it('has the mean pace of the answers that a language model wrote, and of each revision by itself', async () => {
      const pace = (revision: string, sinceMs: number) =>
        world.metrics.pace({ revision, target: world.target, madeBy: MADE_BY }, sinceMs);
      await world.write('digits-v1', 100);
      world.pass(LATE_MS);
      const sinceMs = world.now();
      for (const tokensPerSecond of [20, 40]) await world.write('digits-v1', tokensPerSecond);
      await world.write('digits-v2', 7);

      world.pass(LATE_MS);

      expect(await pace('digits-v1', sinceMs)).toEqual({ answers: 2, tokensPerSecond: 30 });
      expect(await pace('digits-v2', sinceMs)).toEqual({ answers: 1, tokensPerSecond: 7 });
      expect(await pace('digits-v3', sinceMs)).toEqual({ answers: 0, tokensPerSecond: 0 });
    });

    it('says of alarms that it cannot be asked about that they are unknown', async () => {
      expect(await world.metrics.alarms(['nobody-made-this'])).toEqual({
        ringing: [],
        unknown: ['nobody-made-this'],
      });
      expect(await world.metrics.alarms([])).toEqual({ ringing: [], unknown: [] });
    });
  });
}
