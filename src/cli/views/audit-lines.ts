import type { AuditEntry } from '#domain/audit-entry.ts';
import { table } from './table.ts';

/** A table with one line for each entry. */
export function auditLines(entries: readonly AuditEntry[]): readonly string[] {
  if (entries.length === 0) return ['nothing was noted in that time'];
  const rows = entries.map(
    ({ time, by, key, subject, address, action, model, object, outcome }) => {
      const id = key ?? subject;
      return [
        time,
        id === undefined ? by : `${by} (${id})`,
        address ?? '',
        action,
        model ?? '',
        object ?? '',
        outcome,
      ];
    },
  );
  return table(['TIME', 'BY', 'ADDRESS', 'ACTION', 'MODEL', 'OBJECT', 'OUTCOME'], rows);
}
