import type { RevisionLog } from '#adapters/local/files/revision-log.ts';
import { MOST_LINE_BYTES, SEALED_LINE } from '#domain/capture/sealed-line.ts';

const NEWLINE = 10;
const START = Buffer.from(SEALED_LINE);
const NOTHING = Buffer.alloc(0);

type Stream = { isInLine: boolean; held: Buffer };

/** A log without the sealed lines of its servers, which go to `keep` instead. A line that begins like one and is too long for one stays in the log. */
export function withKeptLines(
  log: RevisionLog,
  keep: (line: string) => Promise<void>,
): RevisionLog {
  // A server writes to two streams, and several servers write to one log.
  const streams = new WeakMap<object, Stream>();

  /** The rest for the log, and the sealed lines. */
  function split(bytes: Uint8Array, stream: Stream) {
    const text = Buffer.concat([stream.held, bytes]);
    stream.held = NOTHING;
    const rest: Buffer[] = [];
    const lines: string[] = [];
    for (let start = 0; start < text.length; ) {
      const end = text.indexOf(NEWLINE, start);
      const next = end === -1 ? text.length : end + 1;
      const line = text.subarray(start, next);
      const isSealed = !stream.isInLine && begins(line) && line.length <= MOST_LINE_BYTES;
      if (isSealed && end === -1) {
        stream.held = line;
        break;
      }
      if (isSealed && line.length > START.length) lines.push(line.subarray(0, -1).toString());
      else rest.push(line);
      stream.isInLine = end === -1;
      start = next;
    }
    return { rest: Buffer.concat(rest), lines };
  }

  return {
    ...log,
    async append(bytes, from = log) {
      const stream = streams.get(from) ?? { isInLine: false, held: NOTHING };
      streams.set(from, stream);
      const { rest, lines } = split(bytes, stream);
      const written = rest.length > 0 ? log.append(rest, from) : Promise.resolve();
      for (const line of lines) await keep(line);
      await written;
    },
  };
}

/** Whether a line begins like a sealed one, as far as it is there. */
function begins(line: Buffer): boolean {
  const known = Math.min(line.length, START.length);
  return line.subarray(0, known).equals(START.subarray(0, known));
}
