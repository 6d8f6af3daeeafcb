import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

/** A request's body on its way to a process; while all of it that came is kept, it can set out again. */
export type MeasuredBody = {
  /** The bytes from the first one on: null for none, a Buffer when all are there, else a stream as fast as it is read. `onExcess` is called once they are over the limit. */
  open(onExcess: () => void): Buffer | Readable | null;
  /** Whether `open` can be called once more. */
  isKept(): boolean;
  /** Nobody wants the rest: it is read and dropped, as a client reads no answer while it is still sending. */
  close(): void;
};

const KEPT_BYTES = 1_048_576;

const NO_BODY: MeasuredBody = { open: () => null, isKept: () => true, close: () => {} };

/** Whether a request brings a body; one with neither header ends with its head (RFC 9112 §6.3). */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || declaredBytes({ headers }) > 0;
}

/** The `Content-Length`, 0 when there is none. */
export function declaredBytes({ headers }: Pick<IncomingMessage, 'headers'>): number {
  return Number(headers['content-length'] ?? 0);
}

/** The body of a request of which nothing was read so far; its first 1 MiB are kept until it is closed. */
export function measuredBody(request: IncomingMessage, maxBytes: number): MeasuredBody {
  if (!hasBody(request)) return NO_BODY;
  return request.complete ? wholeBody(request, maxBytes) : arrivingBody(request, maxBytes);
}

function wholeBody(request: IncomingMessage, maxBytes: number): MeasuredBody {
  const bytes: Buffer = request.read() ?? Buffer.alloc(0);
  return {
    ...NO_BODY,
    open(onExcess) {
      if (bytes.length > maxBytes) onExcess();
      return bytes;
    },
  };
}

function arrivingBody(request: IncomingMessage, maxBytes: number): MeasuredBody {
  let kept: Buffer[] | undefined = [];
  let seenBytes = 0;
  let reader: Readable | undefined;
  let isClosed = false;
  let report = () => {};

  request.on('data', (chunk: Buffer) => {
    seenBytes += chunk.length;
    if (seenBytes > maxBytes) return report();
    const live = reader?.destroyed ? undefined : reader;
    // What comes while nobody reads is kept in any case: the request is paused, so it is little.
    if (live && seenBytes > KEPT_BYTES) kept = undefined;
    kept?.push(chunk);
    if (!live?.push(chunk) && !isClosed) request.pause();
  });
  request.on('end', () => reader?.push(null));

  return {
    open(onExcess) {
      report = onExcess;
      reader = new Readable({ read: () => void request.resume() });
      for (const chunk of kept ?? []) reader.push(chunk);
      if (request.readableEnded) reader.push(null);
      return reader;
    },
    isKept: () => kept !== undefined,
    close() {
      isClosed = true;
      kept = undefined;
      request.resume();
    },
  };
}
