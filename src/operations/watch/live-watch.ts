import {
  ailmentsOf,
  END_MINUTES,
  failing,
  REQUEST_MINUTES,
  type RecentFailures,
} from '#domain/ailment.ts';
import type { Damage, ModelVersion } from '#domain/deployment.ts';
import { MINUTE_MS } from '#domain/durations.ts';
import type { Clock } from '#ports/clock.ts';
import type { Metrics } from '#ports/metrics.ts';
import type { Registry } from '#ports/registry.ts';
import type { Incidents } from './incidents.ts';

/** Watches the answers of live versions. */
export type LiveWatch = {
  /** The faults of a live version now; empty where it has none. */
  alerts(live: ModelVersion): Promise<readonly Damage[]>;
  /** Checks all live versions, and reports each that fails its requests. */
  look(): Promise<void>;
};

type Deps = {
  readonly registry: Pick<Registry, 'models'>;
  /** The answers that clients got, without Slipway's own probes: ten successful probes would hide ten failed requests. */
  readonly clients: Pick<Metrics, 'traffic'>;
  readonly endsSince: (revision: string, sinceMs: number) => number;
  readonly incidents: Pick<Incidents, 'unhealthy'>;
  readonly clock: Clock;
};

export function liveWatch({ registry, clients, endsSince, incidents, clock }: Deps): LiveWatch {
  async function lately(live: ModelVersion): Promise<RecentFailures> {
    const made = { ...live, madeBy: live.deploymentId };
    const traffic = await clients.traffic(made, clock.now() - REQUEST_MINUTES * MINUTE_MS);
    const sinceMs = clock.monotonicMs() - END_MINUTES * MINUTE_MS;
    return { ...traffic, ends: endsSince(live.revision, sinceMs) };
  }

  return {
    alerts: async (live) => ailmentsOf(live.revision, await lately(live)),
    async look() {
      for (const { live } of await registry.models()) {
        if (!live) continue;
        const found = failing(live.revision, await lately(live));
        if (found) incidents.unhealthy(live, found);
      }
    },
  };
}
