import type { ModelVersion } from '#domain/deployment.ts';
import { describeDemandHistory } from '../../contracts/demand-history.ts';
import { fakeClock } from '../clock/fake-clock.ts';
import { memoryDemand } from './demand.ts';

const HOUR = 3_600_000;

describeDemandHistory('memoryDemand', async () => {
  const demand = memoryDemand();
  const clock = fakeClock(0);
  const live = { model: 'digits', liveAtMs: 7_200_000 } as ModelVersion;
  return {
    demand,
    live,
    now: clock.now,
    call: async (times) => demand.call('digits', clock.now(), times),
    pass: clock.advance,
  };
});

it('takes whole hours too', async () => {
  const demand = memoryDemand();
  const hours = [{ atMs: 2 * HOUR, requests: 7, busiestMinute: 3 }];
  demand.called('digits', hours);

  expect(await demand.hours({ model: 'digits' } as ModelVersion, 0, [])).toEqual(hours);
});
