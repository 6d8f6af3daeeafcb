import type { Family } from '#adapters/local/metrics/exposition.ts';
import type { RevisionHost } from '#adapters/local/revisions/invocation.ts';
import { type Histogram, histogram } from './histogram.ts';
import type { InFlight } from './in-flight.ts';
import type { RoutingTable } from './routing-table.ts';

/** The gateway's request metrics for Prometheus; in memory, so a restart begins at 0. */
export type Meters = {
  /** Records one answered request; model and revision are empty when none was found. */
  observe(seen: Seen): void;
  /** The current metrics. Revisions that no longer exist are forgotten, to bound the number of series. */
  families(): readonly Family[];
};

type Seen = {
  readonly model: string;
  readonly revision: string;
  readonly status: number;
  readonly seconds: number;
};

type Parts = {
  readonly revisions: RevisionHost;
  readonly inFlight: InFlight;
  table(): RoutingTable;
};

/** The metrics of one revision: answers by status, and their latency. */
type Series = {
  readonly model: string;
  readonly statuses: Map<number, number>;
  readonly latency: Histogram;
};

// Prometheus takes the first value that it sees of a series for no increase: failures that begin between two of its looks would be none.
const FROM_ZERO = [200, 500, 502, 503, 504] as const;

const BOUNDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
] as const;

export function requestMeters({ revisions, inFlight, table }: Parts): Meters {
  const series = new Map<string, Series>();

  const begin = (model: string, revision: string): Series => {
    const begun = { model, statuses: new Map(), latency: histogram(BOUNDS) };
    series.set(revision, begun);
    return begun;
  };

  return {
    observe({ model, revision, status, seconds }) {
      const counts = series.get(revision) ?? begin(model, revision);
      counts.statuses.set(status, (counts.statuses.get(status) ?? 0) + 1);
      counts.latency.add(seconds);
    },
    families() {
      for (const revision of series.keys()) {
        if (revision !== '' && revisions.placement(revision) === undefined) series.delete(revision);
      }
      return [
        requests(series, routedIn({ revisions, table })),
        durations(series),
        ...gauges({ revisions, inFlight, table }),
      ];
    },
  };
}

/** The current state of each revision with a share. */
function gauges({ revisions, inFlight, table }: Parts): readonly Family[] {
  const routed = [...table()].flatMap(([model, { shares }]) =>
    Object.entries(shares).map(([revision, share]) => ({ model, revision, share })),
  );
  const gauge = (name: string, help: string, read: (one: Routed) => number): Family => ({
    name,
    help,
    type: 'gauge',
    values: routed.map((one) => ({
      labels: { model: one.model, revision: one.revision },
      value: read(one),
    })),
  });
  const occupancy = ({ revision }: Routed) => revisions.occupancy(revision);
  return [
    gauge('slipway_requests_in_flight', 'Requests being answered.', ({ revision }) =>
      inFlight.count(revision),
    ),
    gauge(
      'slipway_requests_waiting',
      'Of those in flight the ones that wait for a model server to have room.',
      (one) => occupancy(one)?.waiting ?? 0,
    ),
    gauge(
      'slipway_instances',
      'Model servers that run or start.',
      (one) => occupancy(one)?.instances ?? 0,
    ),
    gauge(
      'slipway_traffic_share',
      'Weight among the revisions of the model.',
      ({ share }) => share,
    ),
  ];
}

type Routed = { readonly model: string; readonly revision: string; readonly share: number };

/** The model of each revision that has a share, and exists. */
function routedIn({ revisions, table }: Pick<Parts, 'revisions' | 'table'>) {
  return [...table()].flatMap(([model, { shares }]) =>
    Object.keys(shares).flatMap((revision) =>
      revisions.placement(revision) === undefined ? [] : [{ model, revision }],
    ),
  );
}

function requests(
  series: ReadonlyMap<string, Series>,
  routed: readonly Pick<Routed, 'model' | 'revision'>[],
): Family {
  const counted = new Map(
    [...series].map(([revision, { model, statuses }]) => [revision, { model, statuses }]),
  );
  for (const { model, revision } of routed) {
    const statuses = counted.get(revision)?.statuses ?? [];
    const begun = FROM_ZERO.map((code) => [code, 0] as const);
    counted.set(revision, { model, statuses: new Map([...begun, ...statuses]) });
  }
  return {
    name: 'slipway_requests_total',
    help: 'Requests answered at the endpoints, by status; those of no model have no name.',
    type: 'counter',
    values: [...counted].flatMap(([revision, { model, statuses }]) =>
      [...statuses].map(([code, value]) => ({ labels: { model, revision, code }, value })),
    ),
  };
}

function durations(series: ReadonlyMap<string, Series>): Family {
  const name = 'slipway_request_duration_seconds';
  return {
    name,
    help: 'From the head of a request to the end of its answer.',
    type: 'histogram',
    values: [...series].flatMap(([revision, { model, latency }]) =>
      latency.samples(name, { model, revision }),
    ),
  };
}
