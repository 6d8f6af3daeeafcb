import { DatabaseSync } from 'node:sqlite';
import { calledHours } from '#adapters/local/views/called-hours.ts';
import { weekly } from '#adapters/local/views/weekly.ts';
import type { ModelVersion } from '#domain/deployment.ts';
import { describeDemandHistory } from '../../../contracts/demand-history.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const live = { model: 'digits', liveAtMs: 7_200_000 } as ModelVersion;
const world = () => ({
  database: new DatabaseSync(':memory:'),
  clock: fakeClock(Date.UTC(2026, 11, 1)),
});

describeDemandHistory('calledHours', async () => {
  const { database, clock } = world();
  const demand = calledHours(database, clock);
  return {
    demand,
    live,
    now: clock.now,
    call: async (times) => demand.count('digits', times),
    pass: clock.advance,
  };
});

describe('the hours in which models are called', () => {
  it('are kept over a restart', async () => {
    const { database, clock } = world();
    calledHours(database, clock).count('digits', 3);
    const again = calledHours(database, clock);
    again.count('digits', 4);
    again.count('iris', 9);

    expect(await again.hours(live, 0, [live])).toMatchObject([{ requests: 7 }]);
  });

  it('are forgotten after two weeks', async () => {
    const { database, clock } = world();
    const demand = calledHours(database, clock);
    demand.count('digits', 3);
    clock.advance(16 * DAY);
    demand.count('digits', 4);

    expect(await demand.hours(live, 0, [live])).toMatchObject([{ requests: 4 }]);
  });
});

describe('weekly work', () => {
  it('is done once a week, over restarts', async () => {
    const { database, clock } = world();
    let times = 0;
    const work = async () => {
      times += 1;
    };
    for (let hour = 0; hour < 15 * 24; hour += 1) {
      await weekly(database, clock, work)();
      clock.advance(HOUR);
    }

    expect(times).toBe(3);
  });

  it('is due again where it failed', async () => {
    const { database, clock } = world();
    let times = 0;
    const again = weekly(database, clock, async () => {
      times += 1;
      if (times === 1) throw new Error('locked');
    });

    await expect(again()).rejects.toThrow('locked');
    await again();
    await again();

    expect(times).toBe(2);
  });
});
