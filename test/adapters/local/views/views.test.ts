import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { stepHistory } from '#adapters/local/views/step-history.ts';
import { trafficHistory } from '#adapters/local/views/traffic-history.ts';
import { openViews } from '#adapters/local/views/views-database.ts';
import { temporaryFolder } from '../../../support/slipway/running.ts';

const database = () => new DatabaseSync(':memory:');
const execution = 'e1';

describe('the history of steps', () => {
  it('knows when each step began and ended, and what it failed by', () => {
    let nowMs = 100;
    const steps = stepHistory(database(), { now: () => nowMs });
    steps.observe({ state: 'PlanBuild', moment: 'begins', execution });
    nowMs = 150;
    steps.observe({ state: 'PlanBuild', moment: 'ended', execution, error: 'StorageFull' });
    steps.observe({ state: 'Compensate', moment: 'begins', execution });

    expect(steps.of(execution)).toEqual([
      { state: 'PlanBuild', startedAtMs: 100, endedAtMs: 150, error: 'StorageFull' },
      { state: 'Compensate', startedAtMs: 150, endedAtMs: null, error: null },
    ]);
    expect(steps.of('another')).toEqual([]);
  });

  it('never fails the step that it watches', () => {
    const closed = database();
    const steps = stepHistory(closed, { now: () => 0 });
    closed.close();

    expect(() => steps.observe({ state: 'Bake', moment: 'begins', execution })).not.toThrow();
  });

  it('is begun anew where its file cannot be read', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'views.db');
    writeFileSync(path, 'not a database, but as long as one would be'.repeat(100));

    const views = openViews(path);
    expect(stepHistory(views, { now: () => 0 }).of(execution)).toEqual([]);
    views.close();
  });
});

describe('the history of requests', () => {
  const labels = { model: 'digits', revision: 'digits-v1' };
  const family = (name: string, values: readonly object[]) =>
    ({ name, help: '', type: 'gauge', values }) as never;
  const counted = (good: number, bad: number, share = 100) => [
    family('slipway_requests_total', [
      { labels: { ...labels, code: 200 }, value: good },
      { labels: { ...labels, code: 503 }, value: bad },
    ]),
    family('slipway_traffic_share', [{ labels, value: share }]),
    family('slipway_model_server_memory_bytes', [{ labels, value: 2 ** 21 }]),
    family(
      'slipway_request_duration_seconds',
      [0.01, 0.1, '+Inf'].map((le, index) => ({
        labels: { ...labels, le },
        value: [good / 2, good, good + bad][index],
        metricName: 'slipway_request_duration_seconds_bucket',
      })),
    ),
  ];

  it('keeps how the counts have grown between two looks, and nothing where they have not', () => {
    let nowMs = 1_000_000;
    let families = counted(10, 0);
    const history = trafficHistory({
      database: database(),
      clock: { now: () => nowMs },
      families: () => families,
      onRequests: () => undefined,
    });
    history.look();
    nowMs += 2000;
    families = counted(30, 2);
    history.look();
    nowMs += 2000;
    history.look();

    const { points, now } = history.of('digits', 10);
    expect(points).toEqual([
      {
        revision: 'digits-v1',
        atMs: 1_002_000,
        requests: 22,
        errors: 2,
        p50Ms: expect.closeTo(19, 0),
        p99Ms: 100,
        share: 100,
        memoryMiB: 2,
      },
    ]);
    expect(now).toEqual([{ revision: 'digits-v1', share: 100, memoryMiB: 2 }]);
    expect(history.of('iris', 10).points).toEqual([]);
  });

  it('keeps each change of a share, and forgets after hours', () => {
    let nowMs = 1_000_000;
    let families = counted(0, 0, 100);
    const history = trafficHistory({
      database: database(),
      clock: { now: () => nowMs },
      families: () => families,
      onRequests: () => undefined,
    });
    history.look();
    for (const share of [90, 0]) {
      nowMs += 2000;
      families = counted(0, 0, share);
      history.look();
    }
    expect(history.of('digits', 10).points.map(({ share }) => share)).toEqual([90, 0]);

    nowMs += 4 * 3_600_000;
    families = counted(0, 0, 50);
    history.look();
    expect(history.of('digits', 300).points.map(({ share }) => share)).toEqual([50]);
  });
});
