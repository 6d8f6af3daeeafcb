import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** How a server breaks: it dies as it loads its model, or in use, once it has answered as often as a proof of its health asks; or it answers one too many. */
export type Breakage = 'at load' | 'in use' | 'in its answers';

/** Makes the servers of a revision of `breaks-when-told` break, until that is taken back. Their bytes stay whole, since Slipway would repair those. */
export function breakServers(dataDir: string, revision: string, when: Breakage) {
  const file = breakFile(dataDir, revision);
  writeFileSync(file, when);
  return { takeBack: () => rmSync(file) };
}

/** The file that says how the servers of a revision break. */
export function breakFile(dataDir: string, revision: string): string {
  return join(dataDir, `breaks-${revision}`);
}
