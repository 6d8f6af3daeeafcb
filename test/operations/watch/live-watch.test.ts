import type { Model, ModelVersion } from '#domain/deployment.ts';
import { liveWatch } from '#operations/watch/live-watch.ts';
import { fakeClock } from '../../support/clock/fake-clock.ts';

const LIVE: ModelVersion = {
  model: 'digits',
  version: 1,
  revision: 'digits-v1',
  deploymentId: 'd1',
  target: 'lambda',
  state: 'Live',
  liveAtMs: 0,
};
const models: readonly Model[] = [
  { name: 'digits', live: LIVE, newestDeploymentId: 'd1' },
  { name: 'nothing-live', live: null, newestDeploymentId: 'd2' },
];
const HOUR_MS = 3_600_000;

describe('the watch of live versions', () => {
  function watched(traffic: { requests: number; serverErrors: number; refused: number }) {
    const clock = fakeClock(HOUR_MS);
    const unhealthy: string[] = [];
    const asked: number[] = [];
    const watch = liveWatch({
      registry: { models: async () => models },
      clients: {
        async traffic(_, sinceMs) {
          asked.push(clock.now() - sinceMs);
          return traffic;
        },
      },
      endsSince: (_, sinceMs) => (clock.monotonicMs() - sinceMs === 600_000 ? 3 : 0),
      incidents: { unhealthy: (_, { reason }) => void unhealthy.push(reason) },
      clock,
    });
    return { watch, unhealthy, asked };
  }

  it('tells of one that fails its requests, as seen in the last five minutes', async () => {
    const { watch, unhealthy, asked } = watched({ requests: 20, serverErrors: 20, refused: 0 });

    await watch.look();

    expect(unhealthy).toEqual(['digits-v1 failed 20 of its 20 requests in the last 5 minutes']);
    expect(asked).toEqual([300_000]);
  });

  it('tells of none that answers, since each restart is told by itself', async () => {
    const { watch, unhealthy } = watched({ requests: 20, serverErrors: 2, refused: 0 });

    await watch.look();

    expect(unhealthy).toEqual([]);
    expect(await watch.alerts(LIVE)).toMatchObject([
      { reason: expect.stringContaining('restarts in a loop') },
    ]);
  });
});
