import type { ModelVersion } from '#domain/deployment.ts';
import type { DemandHistory } from '#ports/demand-history.ts';

type World = {
  readonly demand: DemandHistory;
  readonly live: ModelVersion;
  readonly now: () => number;
  /** Clients call the live version so often, now. */
  readonly call: (times: number) => Promise<void>;
  /** Lets time pass. */
  readonly pass: (ms: number) => void;
};

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The promises that every `DemandHistory` keeps. */
export function describeDemandHistory(name: string, open: () => Promise<World>): void {
  describe(`${name} keeps the promises of DemandHistory`, () => {
    const hourOf = (ms: number) => ms - (ms % HOUR);

    it('knows nothing of a model that nobody called', async () => {
      const { demand, live, now } = await open();

      expect(await demand.hours(live, now() - HOUR, [live])).toEqual([]);
    });

    it('counts the requests of each hour, and those of its busiest minute', async () => {
      const { demand, live, now, call, pass } = await open();
      pass(HOUR - (now() % HOUR));
      const first = now();
      await call(3);
      pass(MINUTE);
      await call(4);
      await call(5);
      pass(2 * HOUR);
      await call(1);

      expect(await demand.hours(live, first, [live])).toEqual([
        { atMs: hourOf(first), requests: 12, busiestMinute: 9 },
        { atMs: hourOf(now()), requests: 1, busiestMinute: 1 },
      ]);
    });

    it('leaves out what was before', async () => {
      const { demand, live, now, call, pass } = await open();
      await call(3);
      pass(3 * HOUR);
      await call(2);

      expect(await demand.hours(live, now() - HOUR, [live])).toEqual([
        { atMs: hourOf(now()), requests: 2, busiestMinute: 2 },
      ]);
    });
  });
}
