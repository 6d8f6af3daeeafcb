import type { DatabaseSync } from 'node:sqlite';
import * as z from 'zod/mini';
import type { StepMoment } from '#adapters/local/workflow/workflow-engine.ts';
import type { StepRun } from '#domain/workflow-graph.ts';
import type { Clock } from '#ports/clock.ts';

/** When each step of an execution began and ended. */
export type StepHistory = {
  observe(moment: StepMoment): void;
  /** Oldest first. */
  of(execution: string): readonly StepRun[];
};

// Some hundreds of deployments have as many.
const MOST_STEPS = 20_000;

const rows = z.array(
  z.object({
    state: z.string(),
    startedAtMs: z.number(),
    endedAtMs: z.nullable(z.number()),
    error: z.nullable(z.string()),
  }),
);

export function stepHistory(database: DatabaseSync, clock: Pick<Clock, 'now'>): StepHistory {
  database.exec(`
    CREATE TABLE IF NOT EXISTS steps (
      id INTEGER PRIMARY KEY,
      execution TEXT NOT NULL,
      state TEXT NOT NULL,
      started_ms INTEGER NOT NULL,
      ended_ms INTEGER,
      error TEXT
    ) STRICT;
    CREATE INDEX IF NOT EXISTS steps_of ON steps (execution);
  `);
  const begin = database.prepare(
    'INSERT INTO steps (execution, state, started_ms) VALUES (?, ?, ?)',
  );
  const end = database.prepare(
    'UPDATE steps SET ended_ms = ?, error = ? WHERE execution = ? AND state = ? AND ended_ms IS NULL',
  );
  const forget = database.prepare('DELETE FROM steps WHERE id <= ?');
  const select = database.prepare(
    'SELECT state, started_ms AS startedAtMs, ended_ms AS endedAtMs, error FROM steps WHERE execution = ? ORDER BY id',
  );

  function record({ state, moment, execution, error }: StepMoment): void {
    if (moment === 'ended') {
      end.run(clock.now(), error ?? null, execution, state);
      return;
    }
    const { lastInsertRowid } = begin.run(execution, state, clock.now());
    if (Number(lastInsertRowid) > MOST_STEPS) forget.run(Number(lastInsertRowid) - MOST_STEPS);
  }

  return {
    observe(moment) {
      try {
        record(moment);
      } catch {
        // A picture with a gap, as on a full disk, is better than a step that fails for it.
      }
    },
    of: (execution) => rows.parse(select.all(execution)),
  };
}
