import { readFileSync, writeFileSync } from 'node:fs';
import * as z from 'zod/mini';

const stored = z.array(z.tuple([z.string(), z.number()]));

// One for each set of packages that was deployed in the last time.
const MOST_ENVIRONMENTS = 200;

/** How long (ms) the last build in each environment took to prove its model, in the file at `path`. One that cannot be read or written costs an estimate, no more. */
export function buildTimes(path: string) {
  const read = () => {
    try {
      return new Map(stored.parse(JSON.parse(readFileSync(path, 'utf8'))));
    } catch {
      return new Map<string, number>();
    }
  };

  return {
    of: (environment: string): number | null => read().get(environment) ?? null,
    put(environment: string, tookMs: number): void {
      const times = read();
      times.delete(environment);
      times.set(environment, Math.round(tookMs));
      try {
        writeFileSync(path, JSON.stringify([...times].slice(-MOST_ENVIRONMENTS)));
      } catch {}
    },
  };
}
