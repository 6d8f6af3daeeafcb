import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { AUDIT_LOG } from '#adapters/local/audit/audit-log.ts';
import { errorCode } from '#adapters/local/files/file-state.ts';
import { type AuditEntry, auditEntry } from '#domain/audit-entry.ts';
import { Failure } from '#domain/failure.ts';
import { parseJson } from '#domain/parse-json.ts';

/**
 * The entries of a data folder's audit log from `sinceMs` (epoch) on, oldest first, whether or not Slipway runs; empty where nothing was noted yet.
 * A line that is no entry is passed over: the last one may have been cut off by a full disk. Fails with `PlatformDenied` where the file cannot be read.
 */
export async function readAudit(dataDir: string, sinceMs: number): Promise<readonly AuditEntry[]> {
  const path = join(dataDir, AUDIT_LOG);
  const found: AuditEntry[] = [];
  try {
    for await (const line of createInterface({ input: createReadStream(path) })) {
      const { data } = auditEntry.safeParse(parseJson(line));
      if (data && Date.parse(data.time) >= sinceMs) found.push(data);
    }
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return [];
    throw new Failure('PlatformDenied', `${path} cannot be read (${errorCode(cause)})`, {
      cause,
      fix: 'Run the command as the user that runs Slipway.',
    });
  }
  return found;
}
