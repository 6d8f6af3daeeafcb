import { appendFile, rename, stat } from 'node:fs/promises';

/** One request's log entry; `status` is null when the client left before it got one. */
export type LoggedRequest = {
  readonly time: string;
  readonly id: string;
  readonly method: string;
  /** Without the query, which may hold secrets. */
  readonly path: string;
  readonly model: string | null;
  readonly revision: string | null;
  readonly status: number | null;
  readonly ms: number;
  /** The client's `traceparent`, if it sent one. */
  readonly trace?: string;
  /** Slipway asked, not a client. */
  readonly probe?: true;
};

export type RequestLog = {
  add(request: LoggedRequest): void;
  /** Resolves once everything added is in the file. */
  written(): Promise<void>;
};

const MAX_FILE_BYTES = 50 * 1_048_576;
// The limit for unwritten lines, in characters: a stalled disk costs lines, not memory.
const MOST_PENDING = 8 * 1_048_576;

/** JSON lines, in a file of at most 50 MiB with one older file (`.1`) beside it. Lines that come faster than the disk are dropped, and their number is logged. Never fails. */
export function requestLog(path: string): RequestLog {
  let pending: string[] = [];
  let pendingLength = 0;
  let dropped = 0;
  let writing: Promise<void> | undefined;

  async function write(): Promise<void> {
    while (pending.length > 0) {
      if (dropped > 0) pending.push(lineOf({ dropped }));
      const bytes = Buffer.from(pending.join(''));
      pending = [];
      pendingLength = 0;
      dropped = 0;
      await append(path, bytes).catch(() => undefined);
    }
    writing = undefined;
  }

  return {
    add(request) {
      if (pendingLength > MOST_PENDING) {
        dropped += 1;
        return;
      }
      const line = lineOf(request);
      pending.push(line);
      pendingLength += line.length;
      writing ??= write();
    },
    written: async () => writing,
  };
}

async function append(path: string, bytes: Buffer): Promise<void> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size + bytes.length > MAX_FILE_BYTES) await rename(path, `${path}.1`).catch(() => undefined);
  await appendFile(path, bytes);
}

function lineOf(entry: object): string {
  return `${JSON.stringify(entry)}\n`;
}
