import { appendFile, open, rename, stat } from 'node:fs/promises';
import { stripVTControlCharacters } from 'node:util';
import { realTimers, type Timers } from '#adapters/local/concurrency/timers.ts';
import { type LogLine, type LogQuery, textsOf } from '#ports/platform.ts';

const MAX_FILE_BYTES = 5 * 1024 * 1024;

// Output is read at no more than 1 MiB/s: a model server that floods its log blocks on its full pipe, but Slipway does not.
const BYTES_PER_MS = 1024;

// How much of each file is read to find its last lines, unless more are asked for than it is likely to have.
const TAIL_BYTES = 64 * 1024;
const LINES_IN_TAIL = 200;

const NEWLINE = 10;
// Each line of the file begins with the time when its first bytes came.
const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) /;

export type RevisionLog = {
  /** Resolves once the bytes are in the file and more may follow. Never fails: a full disk costs the lines, not the model. Each `from` is one stream of one server, whose lines stay whole. */
  append(bytes: Uint8Array, from?: object): Promise<void>;
  /** The last non-blank lines, oldest first, without control characters. */
  tail(lines: number): Promise<readonly string[]>;
};

/** A log that can also be read with when each line was written. */
export type DatedLog = RevisionLog & { lines(query: LogQuery): Promise<readonly LogLine[]> };

type Options = {
  readonly timers?: Timers;
  /** When a line is written (epoch ms); without it lines are written without a time. */
  readonly now?: () => number;
};

/** The output of a revision's model servers, in a file of at most 5 MiB with one older file (`.1`) beside it; each line begins with when it was written. */
export function revisionLog(path: string, { timers = realTimers, now }: Options = {}): DatedLog {
  const older = `${path}.1`;
  const stamp = now ? lineStamps(now) : (bytes: Uint8Array) => bytes;
  let written = Promise.resolve();

  async function write(bytes: Uint8Array): Promise<void> {
    if ((await sizeOf(path)) + bytes.length > MAX_FILE_BYTES) await rename(path, older);
    await appendFile(path, bytes);
  }

  async function lines({ lines, sinceMs }: LogQuery): Promise<readonly LogLine[]> {
    await written;
    if (lines <= 0) return [];
    const isLong = lines > LINES_IN_TAIL || sinceMs !== undefined;
    const bytes = isLong ? MAX_FILE_BYTES : TAIL_BYTES;
    const newest = await lastLines(path, bytes);
    const all = newest.length < lines ? [...(await lastLines(older, bytes)), ...newest] : newest;
    const wanted =
      sinceMs === undefined ? all : all.filter(({ timeMs }) => (timeMs ?? 0) >= sinceMs);
    return wanted.slice(-lines);
  }

  return {
    append(bytes, from) {
      const stamped = stamp(bytes, from);
      written = written
        .then(() => write(stamped))
        .catch(() => undefined)
        .then(() => paceOf(stamped, timers));
      return written;
    },
    lines,
    tail: async (count) => textsOf(await lines({ lines: count })),
  };
}

/** Puts the time before each line that has one byte at least. A line that one stream has left open is ended before another writes. */
function lineStamps(now: () => number) {
  const UNKNOWN = {};
  let open: object | undefined;

  return (bytes: Uint8Array, from: object = UNKNOWN): Uint8Array => {
    const time = Buffer.from(`${new Date(now()).toISOString()} `);
    const isOthers = open !== undefined && open !== from;
    const pieces: Uint8Array[] = isOthers ? [Buffer.from('\n')] : [];
    let isInLine = open === from;
    for (let start = 0; start < bytes.length; ) {
      const end = bytes.indexOf(NEWLINE, start);
      const next = end === -1 ? bytes.length : end + 1;
      if (!isInLine && end !== start) pieces.push(time);
      pieces.push(bytes.subarray(start, next));
      isInLine = end === -1;
      start = next;
    }
    open = isInLine ? from : undefined;
    return Buffer.concat(pieces);
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

async function lastLines(path: string, most: number): Promise<readonly LogLine[]> {
  const size = await sizeOf(path);
  const from = Math.max(0, size - most);
  const text = await readFrom(path, from, size - from);
  const lines = text.split('\n').map(lineIn);
  // A line whose start is cut off is dropped, unless it is the only one.
  return (from > 0 && lines.length > 1 ? lines.slice(1) : lines).filter(({ text }) => text.trim());
}

function lineIn(line: string): LogLine {
  const time = TIME.exec(line)?.[1];
  if (time === undefined) return { timeMs: null, text: printable(line) };
  return { timeMs: Date.parse(time), text: printable(line.slice(time.length + 1)) };
}

async function readFrom(path: string, start: number, length: number): Promise<string> {
  const file = await open(path).catch(() => undefined);
  if (!file) return '';
  try {
    const { buffer, bytesRead } = await file.read({
      buffer: Buffer.alloc(length),
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
