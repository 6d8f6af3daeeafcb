import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Keeps the servers of a revision that `waits-while-held` from getting ready, and from answering, until it is released. */
export function hold(dataDir: string, revision: string) {
  const { held, waits } = holdFiles(dataDir, revision);
  writeFileSync(held, '');
  return {
    /** Whether a server is kept by it. */
    hasServer: () => existsSync(waits),
    release: () => rmSync(held),
  };
}

/** The file that holds a revision, and the one that its server leaves when it is kept. */
export function holdFiles(dataDir: string, revision: string) {
  return { held: join(dataDir, `held-${revision}`), waits: join(dataDir, `waits-${revision}`) };
}
