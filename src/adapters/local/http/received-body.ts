import type { IncomingMessage } from 'node:http';
import type { Leaving } from '#adapters/local/concurrency/leaving.ts';
import type { Timers } from '#adapters/local/concurrency/timers.ts';
import type { BodyRoom, Place } from './body-room.ts';

/** A request's complete body: `bytes` is null when there is none. `free` releases its memory and must be called when the body is no longer needed. */
export type WholeBody = {
  readonly kind: 'whole';
  readonly bytes: Buffer | null;
  free(): void;
};

/**
 * Why there is no body: it was too large, took too long, stalled while others waited for room, found no room in time, or the client left.
 * The rest of it is read and dropped, since a client reads no answer while it still sends.
 */
export type NoBody = { readonly kind: 'tooLarge' | 'tooSlow' | 'stalled' | 'crowded' | 'left' };

export type Reception = {
  readonly maxBytes: number;
  /** The time limit for receiving the body. */
  readonly timeoutMs: number;
  readonly timers: Timers;
  readonly room: BodyRoom;
  /** Aborts when the client's connection closes. */
  readonly gone: Leaving;
};

// Node reads this far ahead on each connection anyway, so this much of a body takes no further memory.
const AHEAD_BYTES = 65_536;

const EMPTY: WholeBody = { kind: 'whole', bytes: null, free: () => {} };

/** Whether a request has a body; one with neither header ends with its headers (RFC 9112 §6.3). */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || declaredBytes({ headers }) > 0;
}

/** The `Content-Length`; 0 when there is none. */
export function declaredBytes({ headers }: Pick<IncomingMessage, 'headers'>): number {
  return Number(headers['content-length'] ?? 0);
}

/** The whole body of a request of which nothing has been read: synchronously if it has already arrived. A body over 64 KiB is read only when there is room for all of it. */
export function receiveBody(
  request: IncomingMessage,
  reception: Reception,
): WholeBody | NoBody | Promise<WholeBody | NoBody> {
  if (!hasBody(request)) return EMPTY;
  if (!request.complete) return arrivingBody(request, reception);
  const bytes: Buffer = request.read() ?? Buffer.alloc(0);
  return bytes.length > reception.maxBytes ? { kind: 'tooLarge' } : { ...EMPTY, bytes };
}

function arrivingBody(
  request: IncomingMessage,
  { maxBytes, timeoutMs, timers, room, gone }: Reception,
): Promise<WholeBody | NoBody> {
  const { promise, resolve } = Promise.withResolvers<WholeBody | NoBody>();
  const chunks: Buffer[] = [];
  let seenBytes = 0;
  let place: Place | undefined;
  let isOver = false;

  const end = (ending: WholeBody | NoBody) => {
    if (isOver) return;
    isOver = true;
    callOff();
    gone.removeEventListener('abort', leave);
    resolve(ending);
  };
  const giveUp = (kind: NoBody['kind']) => {
    if (isOver) return;
    end({ kind });
    chunks.length = 0;
    place?.leave();
    request.resume();
  };
  const leave = () => giveUp('left');
  const callOff = timers.after(timeoutMs, () =>
    giveUp(place?.isInside() === false ? 'crowded' : 'tooSlow'),
  );

  function enter(): void {
    place = room.enter(declaredBytes(request) || maxBytes, {
      onEntered: () => void request.resume(),
      onEvicted: () => giveUp('stalled'),
    });
    if (!place.isInside()) request.pause();
  }

  request.on('data', (chunk: Buffer) => {
    if (isOver) return;
    seenBytes += chunk.length;
    if (seenBytes > maxBytes) return giveUp('tooLarge');
    chunks.push(chunk);
    place?.moved();
    if (!place && seenBytes > AHEAD_BYTES) enter();
  });
  request.on('end', () => {
    if (isOver) return;
    place?.complete(seenBytes);
    end({ kind: 'whole', bytes: Buffer.concat(chunks, seenBytes), free: () => place?.leave() });
  });
  if (gone.aborted) leave();
  else gone.addEventListener('abort', leave, { once: true });
  return promise;
}
