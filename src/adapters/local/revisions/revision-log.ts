import { appendFile, open, rename, stat } from 'node:fs/promises';
import { stripVTControlCharacters } from 'node:util';
import { realTimers, type Timers } from '#adapters/local/timers.ts';

const MAX_FILE_BYTES = 5 * 1024 * 1024;

// Output is read at no more than 1 MiB/s: a model server that floods its log blocks on its full pipe, but Slipway does not.
const BYTES_PER_MS = 1024;

// How much of each file is read to find its last lines.
const TAIL_BYTES = 64 * 1024;

export type RevisionLog = {
  /** Resolves once the bytes are in the file and more may follow. Never fails: a full disk costs the lines, not the model. What `from` says is lines of its own: of one stream of one server. */
  append(bytes: Uint8Array, from?: object): Promise<void>;
  /** The last non-blank lines, oldest first, without control characters. */
  tail(lines: number): Promise<readonly string[]>;
};

/** The output of a revision's model servers, in a file of at most 5 MiB with one older file (`.1`) beside it. */
export function revisionLog(path: string, timers: Timers = realTimers): RevisionLog {
  const older = `${path}.1`;
  let written = Promise.resolve();

  async function write(bytes: Uint8Array): Promise<void> {
    if ((await sizeOf(path)) + bytes.length > MAX_FILE_BYTES) await rename(path, older);
    await appendFile(path, bytes);
  }

  return {
    append(bytes) {
      written = written
        .then(() => write(bytes))
        .catch(() => undefined)
        .then(() => paceOf(bytes, timers));
      return written;
    },
    async tail(lines) {
      await written;
      const newest = await lastLines(path);
      const wanted = newest.length < lines ? [...(await lastLines(older)), ...newest] : newest;
      return lines > 0 ? wanted.slice(-lines) : [];
    },
  };
}

async function paceOf(bytes: Uint8Array, timers: Timers): Promise<void> {
  const pauseMs = Math.floor(bytes.length / BYTES_PER_MS);
  if (pauseMs > 0) await new Promise<void>((go) => timers.after(pauseMs, go));
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

async function lastLines(path: string): Promise<readonly string[]> {
  const from = Math.max(0, (await sizeOf(path)) - TAIL_BYTES);
  const text = await readFrom(path, from);
  const lines = text.split('\n').map(printable);
  // A line whose start is cut off is dropped, unless it is the only one.
  return (from > 0 && lines.length > 1 ? lines.slice(1) : lines).filter((line) => line.trim());
}

async function readFrom(path: string, start: number): Promise<string> {
  const file = await open(path).catch(() => undefined);
  if (!file) return '';
  try {
    const { buffer, bytesRead } = await file.read({
      buffer: Buffer.alloc(TAIL_BYTES),
      position: start,
    });
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

function printable(line: string): string {
  return stripVTControlCharacters(line)
    .replaceAll('\t', ' ')
    .replaceAll(/\p{Cc}/gu, '');
}
