import { isRefusal } from '#domain/rollout/refusal-status.ts';
import type { Clock } from '#ports/clock.ts';
import type { Metrics } from '#ports/metrics.ts';

export type GatewayMetrics = {
  readonly metrics: Pick<Metrics, 'traffic' | 'alarms'>;
  /** The same counts without Slipway's own probes. */
  readonly clients: Pick<Metrics, 'traffic'>;
  /** Counts one answer of `revision` now, to a client or to a probe. */
  record(revision: string, status: number, asker: Asker): void;
};

type Asker = 'client' | 'probe';
type Counts = { requests: number; serverErrors: number; refused: number };
type Seen = Readonly<Record<Asker, Counts>>;

const KEPT_SECONDS = 3_600;

/** Counts per second for an hour, in memory: a restart forgets them. A count belongs to its whole second, as CloudWatch's belong to a minute. */
export function gatewayMetrics(clock: Clock): GatewayMetrics {
  const seconds = new Map<number, Map<string, Seen>>();

  const begin = (second: number) => {
    for (const old of seconds.keys()) {
      if (old > second - KEPT_SECONDS) break;
      seconds.delete(old);
    }
    const begun = new Map<string, Seen>();
    seconds.set(second, begun);
    return begun;
  };

  const trafficOf =
    (askers: readonly Asker[]): Metrics['traffic'] =>
    async ({ revision }, sinceMs) => {
      const sum = nothing();
      const first = toSecond(sinceMs);
      for (const [second, revisions] of seconds) {
        if (second < first) continue;
        const seen = revisions.get(revision);
        if (seen === undefined) continue;
        for (const asker of askers) {
          sum.requests += seen[asker].requests;
          sum.serverErrors += seen[asker].serverErrors;
          sum.refused += seen[asker].refused;
        }
      }
      return sum;
    };

  return {
    record(revision, status, asker) {
      const second = toSecond(clock.now());
      const revisions = seconds.get(second) ?? begin(second);
      let seen = revisions.get(revision);
      if (seen === undefined) {
        seen = { client: nothing(), probe: nothing() };
        revisions.set(revision, seen);
      }
      const counts = seen[asker];
      counts.requests += 1;
      if (status >= 500) counts.serverErrors += 1;
      if (isRefusal(status)) counts.refused += 1;
    },
    clients: { traffic: trafficOf(['client']) },
    metrics: {
      traffic: trafficOf(['client', 'probe']),
      // Alarms exist only in CloudWatch.
      alarms: async (names) => ({ ringing: [], unknown: names }),
    },
  };
}

function nothing(): Counts {
  return { requests: 0, serverErrors: 0, refused: 0 };
}

function toSecond(timeMs: number): number {
  return Math.floor(timeMs / 1_000);
}
