import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Keeps the servers of a revision that `pauses-when-told` from answering the `nth` request from now on, counted from 1; takes its place from an earlier pause. */
export function pauseAt(dataDir: string, revision: string, nth: number) {
  const { pauses, paused } = pauseFiles(dataDir, revision);
  rmSync(paused, { force: true });
  writeFileSync(pauses, String(nth));
  return {
    /** The request's body, once a server has come to it. */
    reached: () => (existsSync(paused) ? readFileSync(paused, 'utf8') : ''),
    takeBack: () => rmSync(pauses),
  };
}

/** The file that says at which request a revision pauses, and the one that its server leaves there. */
export function pauseFiles(dataDir: string, revision: string) {
  return {
    pauses: join(dataDir, `pauses-${revision}`),
    paused: join(dataDir, `paused-${revision}`),
  };
}
