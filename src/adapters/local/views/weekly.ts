import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '#ports/clock.ts';

const WEEK_MS = 7 * 24 * 3_600_000;

/** Does work once a week, over restarts, however often it is asked to. Work that failed is due again. */
export function weekly(
  database: DatabaseSync,
  clock: Pick<Clock, 'now'>,
  work: () => Promise<unknown>,
): () => Promise<void> {
  database.exec('CREATE TABLE IF NOT EXISTS weekly_work (done_ms INTEGER NOT NULL) STRICT');
  const last = database.prepare('SELECT max(done_ms) AS doneMs FROM weekly_work');
  const forget = database.prepare('DELETE FROM weekly_work');
  const note = database.prepare('INSERT INTO weekly_work VALUES (?)');
  return async () => {
    const nowMs = clock.now();
    const doneMs = last.get()?.['doneMs'];
    // A clock that was set back does not put it off.
    if (typeof doneMs === 'number' && Math.abs(nowMs - doneMs) < WEEK_MS) return;
    await work();
    forget.run();
    note.run(nowMs);
  };
}
