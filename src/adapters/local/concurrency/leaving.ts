import type { Duplex } from 'node:stream';

/** Says that a client has left: the part of an AbortSignal that is used of one, which costs a request much less. */
export type Leaving = {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options?: { once: true }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
};

/** Aborted once the connection has closed. */
export function leavingBy(socket: Duplex): Leaving {
  return {
    get aborted() {
      return socket.closed;
    },
    addEventListener: (_, listener) => void socket.once('close', listener),
    removeEventListener: (_, listener) => void socket.off('close', listener),
  };
}

/** Resolves once the client has left. */
export function left(leaving: Leaving): Promise<void> {
  return new Promise((resolve) => leaving.addEventListener('abort', resolve, { once: true }));
}
