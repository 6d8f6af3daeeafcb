import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type RunningSlipway, readInstance } from './running.ts';

/** Everything that a Slipway has on its machine beside its records and the files of users. */
export type Inventory = {
  readonly files: readonly string[];
  /** The command lines of its children. */
  readonly processes: readonly string[];
  readonly rows: Readonly<Record<string, readonly unknown[]>>;
};

// The spare model server is another one after each use.
const RECORDS = /^(registry\.db|events\.ndjson|bucket\/|objects\/|spares\/)/;
// The tables of routers, platforms and sweep; the registry's own tables are history, and a model's fence stays with its lease.
const TABLES = ['shares', 'revisions', 'sightings'];

export function inventory(slipway: RunningSlipway): Inventory {
  const { dataDir } = slipway;
  const files = readdirSync(dataDir, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name).slice(dataDir.length + 1))
    .filter((path) => !RECORDS.test(`${path}/`))
    .sort();
  return { files, processes: childrenOf(readInstance(dataDir)?.pid ?? 0), rows: rowsOf(dataDir) };
}

function rowsOf(dataDir: string): Inventory['rows'] {
  const database = new DatabaseSync(join(dataDir, 'registry.db'), { readOnly: true });
  try {
    return Object.fromEntries(
      TABLES.map((table) => [table, database.prepare(`SELECT * FROM ${table} ORDER BY 1`).all()]),
    );
  } finally {
    database.close();
  }
}

function childrenOf(parent: number): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const [, ppid] = readFileSync(`/proc/${pid}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ');
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return Number(ppid) === parent && !line.includes('/spares/') ? [line] : [];
      } catch {
        return [];
      }
    })
    .sort();
}
