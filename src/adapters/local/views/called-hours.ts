import type { DatabaseSync } from 'node:sqlite';
import * as z from 'zod/mini';
import { HOUR_MS, MINUTE_MS } from '#domain/durations.ts';
import { hourOf, LEARNT_DAYS } from '#domain/placement/learnt.ts';
import type { Clock } from '#ports/clock.ts';
import type { DemandHistory } from '#ports/demand-history.ts';

/** The requests of each model by the hour, kept over restarts. */
export type CalledHours = DemandHistory & {
  /** Counts requests that a model has just answered. */
  count(model: string, requests: number): void;
};

const KEPT_MS = (LEARNT_DAYS + 1) * 24 * HOUR_MS;

const rows = z.array(
  z.object({ atMs: z.number(), requests: z.number(), busiestMinute: z.number() }),
);

export function calledHours(database: DatabaseSync, clock: Pick<Clock, 'now'>): CalledHours {
  database.exec(`
    CREATE TABLE IF NOT EXISTS called_hours (
      model TEXT NOT NULL,
      at_ms INTEGER NOT NULL,
      requests INTEGER NOT NULL,
      busiest_minute INTEGER NOT NULL,
      PRIMARY KEY (model, at_ms)
    ) STRICT, WITHOUT ROWID;
  `);
  const add = database.prepare(`
    INSERT INTO called_hours VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET
      requests = requests + excluded.requests,
      busiest_minute = max(busiest_minute, excluded.busiest_minute)
  `);
  const forget = database.prepare('DELETE FROM called_hours WHERE at_ms < ?');
  const select = database.prepare(
    'SELECT at_ms AS atMs, requests, busiest_minute AS busiestMinute FROM called_hours WHERE model = ? AND at_ms >= ? ORDER BY at_ms',
  );
  // The minute that is counted, of each model. A restart begins it anew, which can halve the busiest one at most.
  const minutes = new Map<string, { readonly atMs: number; readonly requests: number }>();

  return {
    count(model, requests) {
      const nowMs = clock.now();
      const atMs = nowMs - (nowMs % MINUTE_MS);
      const known = minutes.get(model);
      const together = requests + (known?.atMs === atMs ? known.requests : 0);
      minutes.set(model, { atMs, requests: together });
      const hourMs = hourOf(nowMs);
      add.run(model, hourMs, requests, together);
      forget.run(nowMs - KEPT_MS);
    },
    hours: async ({ model }, sinceMs) => rows.parse(select.all(model, sinceMs)),
  };
}
