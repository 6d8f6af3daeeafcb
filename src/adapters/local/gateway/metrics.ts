import { isRefusal } from '#domain/rollout/refusal-status.ts';
import type { Clock } from '#ports/clock.ts';
import type { Metrics } from '#ports/metrics.ts';

export type GatewayMetrics = {
  readonly metrics: Pick<Metrics, 'traffic' | 'alarms'>;
  /** Counts one answer of `revision` now. */
  record(revision: string, status: number): void;
};

type Counts = { requests: number; serverErrors: number; refused: number };

const KEPT_SECONDS = 3_600;

/** Counts per second for an hour, in memory: a restart forgets them. A count belongs to its whole second, as CloudWatch's belong to a minute. */
export function gatewayMetrics(clock: Clock): GatewayMetrics {
  const seconds = new Map<number, Map<string, Counts>>();

  const begin = (second: number) => {
    for (const old of seconds.keys()) {
      if (old > second - KEPT_SECONDS) break;
      seconds.delete(old);
    }
    const counts = new Map<string, Counts>();
    seconds.set(second, counts);
    return counts;
  };

  return {
    record(revision, status) {
      const second = toSecond(clock.now());
      const revisions = seconds.get(second) ?? begin(second);
      const counts = revisions.get(revision) ?? { requests: 0, serverErrors: 0, refused: 0 };
      counts.requests += 1;
      if (status >= 500) counts.serverErrors += 1;
      if (isRefusal(status)) counts.refused += 1;
      revisions.set(revision, counts);
    },
    metrics: {
      async traffic({ revision }, sinceMs) {
        const sum: Counts = { requests: 0, serverErrors: 0, refused: 0 };
        const first = toSecond(sinceMs);
        for (const [second, revisions] of seconds) {
          if (second < first) continue;
          const counts = revisions.get(revision);
          if (counts === undefined) continue;
          sum.requests += counts.requests;
          sum.serverErrors += counts.serverErrors;
          sum.refused += counts.refused;
        }
        return sum;
      },
      // Alarms exist only in CloudWatch.
      alarms: async (names) => ({ ringing: [], unknown: names }),
    },
  };
}

function toSecond(timeMs: number): number {
  return Math.floor(timeMs / 1_000);
}
