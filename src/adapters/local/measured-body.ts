import type { IncomingMessage } from 'node:http';
import { Transform } from 'node:stream';

/** Whether a request brings a body; one with neither header ends with its head (RFC 9112 §6.3). */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || declaredBytes({ headers }) > 0;
}

/** The `Content-Length`, 0 when there is none. */
export function declaredBytes({ headers }: Pick<IncomingMessage, 'headers'>): number {
  return Number(headers['content-length'] ?? 0);
}

/** The request's body, passed on as fast as its reader takes it; calls `onExcess` and ends in an error once it is over `maxBytes`. */
export function measuredBody(
  request: IncomingMessage,
  maxBytes: number,
  onExcess: () => void,
): Transform {
  let seenBytes = 0;
  const body = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seenBytes += chunk.length;
      if (seenBytes <= maxBytes) return done(null, chunk);
      onExcess();
      return done(new Error(`over ${maxBytes} bytes`));
    },
  });
  // A client reads no answer while it is still sending, so what nobody wants any more is read and dropped.
  body.on('unpipe', () => request.resume());
  return request.pipe(body);
}
