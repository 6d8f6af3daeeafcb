import { appendFile } from 'node:fs/promises';
import { storageFailure } from '#adapters/local/registry/storage-failure.ts';
import type { Actor, AuditEntry } from '#domain/audit-entry.ts';
import type { Clock } from '#ports/clock.ts';

/** The file in a data folder that has the audit log. */
export const AUDIT_LOG = 'audit.ndjson';

export type Act = Omit<AuditEntry, keyof Actor | 'time'>;

export type AuditLog = {
  /** Adds an entry. One that cannot be written is reported as a problem: what it tells of has happened. */
  add(actor: Actor, act: Act): void;
  /** Resolves once everything added is in the file. */
  written(): Promise<void>;
};

type Options = {
  readonly path: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly onProblem: (error: unknown) => void;
};

/** JSON lines that are only ever appended, in a file that its owner alone may read. Each line opens it anew, so it may be moved away at any time. */
export function auditLog({ path, clock, onProblem }: Options): AuditLog {
  let writing = Promise.resolve();

  async function append(entry: AuditEntry): Promise<void> {
    try {
      await appendFile(path, `${JSON.stringify(entry)}\n`, { mode: 0o600, flush: true });
    } catch (error) {
      onProblem(storageFailure(error, path));
    }
  }

  return {
    add(actor, act) {
      const entry = { time: new Date(clock.now()).toISOString(), ...actor, ...act };
      writing = writing.then(() => append(entry));
    },
    written: () => writing,
  };
}
