import type { Metrics } from '#ports/metrics.ts';

export type MetricsUnderTest = {
  readonly metrics: Metrics;
  /** The time that is counted by, epoch ms. */
  now(): number;
  /** A client calls, and `revision` answers with `status`. */
  answer(revision: string, status: number): Promise<void>;
  /** Lets time pass. */
  pass(ms: number): void;
  close(): Promise<void>;
};

/** The longest that AWS takes until all counts are there, with room. */
const LATE_MS = 300_000;

/** What every Metrics promises. */
export function describeMetrics(name: string, start: () => Promise<MetricsUnderTest>): void {
  describe(`${name} keeps the promises of Metrics`, () => {
    let world: MetricsUnderTest;

    beforeEach(async () => {
      world = await start();
    });

    afterEach(() => world.close());

    it('has counted nothing of a revision that answered nothing', async () => {
      expect(await world.metrics.traffic('digits-v1', 0)).toEqual({ requests: 0, serverErrors: 0 });
    });

    it('counts the answers of a revision, in the end all of them', async () => {
      const sinceMs = world.now();
      for (const status of [200, 200, 404, 500, 503]) await world.answer('digits-v1', status);

      world.pass(LATE_MS);

      expect(await world.metrics.traffic('digits-v1', sinceMs)).toEqual({
        requests: 5,
        serverErrors: 2,
      });
    });

    it('does not take 429 for an error of the server', async () => {
      const sinceMs = world.now();
      await world.answer('digits-v1', 429);

      world.pass(LATE_MS);

      expect(await world.metrics.traffic('digits-v1', sinceMs)).toEqual({
        requests: 1,
        serverErrors: 0,
      });
    });

    it('counts each revision by itself', async () => {
      const sinceMs = world.now();
      await world.answer('digits-v1', 200);
      await world.answer('digits-v2', 500);

      world.pass(LATE_MS);

      expect(await world.metrics.traffic('digits-v1', sinceMs)).toEqual({
        requests: 1,
        serverErrors: 0,
      });
    });

    it('counts what came since a time, and not what came minutes before', async () => {
      await world.answer('digits-v1', 500);
      world.pass(120_000);
      const sinceMs = world.now();
      await world.answer('digits-v1', 200);

      world.pass(LATE_MS);

      expect(await world.metrics.traffic('digits-v1', sinceMs)).toEqual({
        requests: 1,
        serverErrors: 0,
      });
    });

    it('never counts more than there was', async () => {
      const sinceMs = world.now();
      for (let answers = 1; answers <= 10; answers += 1) {
        await world.answer('digits-v1', 500);
        world.pass(20_000);

        const { requests, serverErrors } = await world.metrics.traffic('digits-v1', sinceMs);

        expect(requests).toBeLessThanOrEqual(answers);
        expect(serverErrors).toBe(requests);
      }
    });
  });
}
