import { describeMetrics } from '../../contracts/metrics.ts';
import { fakeClock } from '../clock/fake-clock.ts';
import { memoryMetrics } from './metrics.ts';

describeMetrics('memoryMetrics', async () => {
  const clock = fakeClock(1_700_000_000_000);
  const metrics = memoryMetrics({ clock, lateMs: 90_000 });
  return {
    metrics,
    target: 'lambda',
    now: clock.now,
    answer: async (revision, status) => metrics.record(revision, status),
    write: async (revision, tokensPerSecond) => metrics.wrote(revision, tokensPerSecond),
    pass: clock.advance,
    close: async () => {},
  };
});

it('counts come by the minute, late', async () => {
  const clock = fakeClock(600_000);
  const metrics = memoryMetrics({ clock, lateMs: 30_000 });
  metrics.record('digits-v1', 200);
  clock.advance(59_000);
  metrics.record('digits-v1', 200);

  clock.advance(30_999);
  const before = await metrics.traffic(
    { revision: 'digits-v1', target: 'lambda', madeBy: 'd1' },
    0,
  );
  clock.advance(1);
  const after = await metrics.traffic({ revision: 'digits-v1', target: 'lambda', madeBy: 'd1' }, 0);

  expect([before.requests, after.requests]).toEqual([0, 2]);
});

it('an alarm rings, is quiet, or was never set', async () => {
  const metrics = memoryMetrics({ clock: fakeClock(0), lateMs: 0 });
  metrics.ring('errors');
  metrics.ring('latency', 'quiet');

  expect(await metrics.alarms(['errors', 'latency', 'drift'])).toEqual({
    ringing: ['errors'],
    unknown: ['drift'],
  });
});
