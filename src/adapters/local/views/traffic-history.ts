import type { DatabaseSync } from 'node:sqlite';
import * as z from 'zod/mini';
import type { Family } from '#adapters/local/metrics/exposition.ts';
import { transaction } from '#adapters/local/registry/database.ts';
import type { Traffic } from '#control/models.ts';
import type { Clock } from '#ports/clock.ts';

/** How the requests of each revision went, kept for some hours. */
export type TrafficHistory = {
  /** Records the requests and changed shares since the last look; a revision without either adds nothing. */
  look(): void;
  /** A model's last minutes. */
  of(model: string, minutes: number): Traffic;
};

export const LOOK_SECONDS = 2;
const KEPT_MS = 3 * 3_600_000;

type Options = {
  readonly database: DatabaseSync;
  readonly clock: Pick<Clock, 'now'>;
  /** The counters of requests and the gauges of shares and memory, as Prometheus gets them. */
  readonly families: () => readonly Family[];
  /** Counts the requests of a model since the last look. */
  readonly onRequests: (model: string, requests: number) => void;
};

const rows = z.array(
  z.object({
    revision: z.string(),
    atMs: z.number(),
    requests: z.number(),
    errors: z.number(),
    p50Ms: z.nullable(z.number()),
    p99Ms: z.nullable(z.number()),
    share: z.nullable(z.number()),
    memoryMiB: z.nullable(z.number()),
  }),
);

export function trafficHistory({ database, clock, families, onRequests }: Options): TrafficHistory {
  database.exec(`
    CREATE TABLE IF NOT EXISTS traffic (
      model TEXT NOT NULL,
      at_ms INTEGER NOT NULL,
      revision TEXT NOT NULL,
      requests INTEGER NOT NULL,
      errors INTEGER NOT NULL,
      p50_ms REAL,
      p99_ms REAL,
      share REAL,
      memory_mib REAL,
      PRIMARY KEY (model, at_ms, revision)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS traffic_by_time ON traffic (at_ms);
  `);
  const add = database.prepare('INSERT OR REPLACE INTO traffic VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const forget = database.prepare('DELETE FROM traffic WHERE at_ms < ?');
  const select = database.prepare(
    'SELECT revision, at_ms AS atMs, requests, errors, p50_ms AS p50Ms, p99_ms AS p99Ms, share, memory_mib AS memoryMiB FROM traffic WHERE model = ? AND at_ms >= ? ORDER BY at_ms, revision',
  );
  let before: ReadonlyMap<string, Counts> | undefined;

  return {
    look() {
      const atMs = clock.now();
      const now = countsOf(families());
      const last = before ?? now;
      before = now;
      const grown = [...now].flatMap(([revision, counts]) => {
        const one = growth(counts, last.get(revision));
        return one.requests > 0 || one.share !== last.get(revision)?.share
          ? [{ revision, ...one }]
          : [];
      });
      if (grown.length === 0) return;
      transaction(database, () => {
        for (const { model, revision, requests, errors, p50Ms, p99Ms, share, memoryMiB } of grown) {
          add.run(model, atMs, revision, requests, errors, p50Ms, p99Ms, share, memoryMiB);
          if (requests > 0) onRequests(model, requests);
        }
        forget.run(atMs - KEPT_MS);
      });
    },
    of: (model, minutes) => ({
      everySeconds: LOOK_SECONDS,
      nowMs: clock.now(),
      points: rows.parse(select.all(model, clock.now() - minutes * 60_000)),
      now: [...countsOf(families())].flatMap(([revision, counts]) =>
        counts.model === model
          ? [{ revision, share: counts.share, memoryMiB: counts.memoryMiB }]
          : [],
      ),
    }),
  };
}

/** The counters of one revision as they stand. `buckets` are cumulative, by their bounds in seconds. */
type Counts = {
  readonly model: string;
  requests: number;
  errors: number;
  share: number | null;
  memoryMiB: number | null;
  readonly buckets: Map<number, number>;
};

function countsOf(families: readonly Family[]): ReadonlyMap<string, Counts> {
  const found = new Map<string, Counts>();
  const of = (labels: Family['values'][number]['labels']) => {
    const revision = String(labels['revision'] ?? '');
    const known = found.get(revision);
    if (known) return known;
    const begun: Counts = {
      model: String(labels['model'] ?? ''),
      requests: 0,
      errors: 0,
      share: null,
      memoryMiB: null,
      buckets: new Map(),
    };
    found.set(revision, begun);
    return begun;
  };
  for (const { name, values } of families) {
    for (const { labels, value, metricName } of values) {
      if (!labels['revision']) continue;
      const counts = of(labels);
      if (name === 'slipway_requests_total') {
        counts.requests += value;
        if (Number(labels['code']) >= 500) counts.errors += value;
      }
      if (name === 'slipway_traffic_share') counts.share = value;
      if (name === 'slipway_model_server_memory_bytes') counts.memoryMiB = value / 2 ** 20;
      if (metricName === 'slipway_request_duration_seconds_bucket') {
        counts.buckets.set(Number(String(labels['le']).replace('+Inf', 'Infinity')), value);
      }
    }
  }
  return found;
}

function growth(now: Counts, before: Counts | undefined) {
  const { model, share, memoryMiB } = now;
  const buckets = [...now.buckets]
    .map(([bound, value]) => [bound, value - (before?.buckets.get(bound) ?? 0)] as const)
    .toSorted(([a], [b]) => a - b);
  return {
    model,
    share,
    memoryMiB,
    requests: Math.max(0, now.requests - (before?.requests ?? 0)),
    errors: Math.max(0, now.errors - (before?.errors ?? 0)),
    p50Ms: quantileMs(buckets, 0.5),
    p99Ms: quantileMs(buckets, 0.99),
  };
}

/** As Prometheus' histogram_quantile: linear within the bucket; the highest bound where it lies above that. Null without requests. */
function quantileMs(
  buckets: readonly (readonly [bound: number, below: number])[],
  part: number,
): number | null {
  const all = buckets.at(-1)?.[1] ?? 0;
  if (all <= 0) return null;
  const at = buckets.findIndex(([, below]) => below >= part * all);
  const [bound, below] = buckets[at] ?? [0, 0];
  const [lower, under] = at > 0 ? (buckets[at - 1] ?? [0, 0]) : [0, 0];
  if (!Number.isFinite(bound)) return lower * 1000;
  return (lower + (bound - lower) * ((part * all - under) / Math.max(1, below - under))) * 1000;
}
