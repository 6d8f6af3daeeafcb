import { type Family, gauge } from '#adapters/local/metrics/exposition.ts';
import type { RoomUse } from './server-room.ts';

const MEBIBYTE = 1024 * 1024;

/** The memory of model servers, for Prometheus. */
export function roomMeters({ budgetMiB, usedMiB, servers, waiting }: RoomUse): readonly Family[] {
  return [
    gauge(
      'slipway_memory_budget_bytes',
      'What model servers may hold together.',
      budgetMiB * MEBIBYTE,
    ),
    gauge(
      'slipway_memory_used_bytes',
      'What model servers hold, with what those that start are expected to.',
      usedMiB * MEBIBYTE,
    ),
    gauge('slipway_model_servers', 'Model servers that run or start.', servers),
    gauge('slipway_candidates_waiting', 'Candidates that wait to be started.', waiting),
  ];
}
