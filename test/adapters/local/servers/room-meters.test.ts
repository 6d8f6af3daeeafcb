import { expose } from '#adapters/local/metrics/exposition.ts';
import { roomMeters } from '#adapters/local/servers/room-meters.ts';

it('shows Prometheus the memory of model servers in bytes, and how many run and wait', async () => {
  const use = { budgetMiB: 1_024, usedMiB: 512, servers: 3, waiting: 2 };

  const { text } = await expose(roomMeters(use));

  const values = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(values).toEqual([
    'slipway_memory_budget_bytes 1073741824',
    'slipway_memory_used_bytes 536870912',
    'slipway_model_servers 3',
    'slipway_candidates_waiting 2',
  ]);
});
