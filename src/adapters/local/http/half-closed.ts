import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { socketEvent } from './http-server.ts';
import type { OpenAnswers } from './open-answers.ts';

// Most answers are there by then, and their clients see nothing unusual.
const PATIENCE_MS = 1_000;
const LOOK_MS = 500;

/** Node's server ends a connection whose client has ended its side, unless this is set: https://github.com/nodejs/node/blob/v24.x/lib/_http_server.js, `socketOnEnd`. */
type HalfOpen = { httpAllowHalfOpen?: boolean };

/**
 * Lets `server` answer a client that ends its side of the connection right after its request, as `nc -N` does.
 * A client that has left altogether looks the same until something is written to it. So one that waits for longer than a second is sent `100 Continue` twice a second, which HTTP/1.1 allows at any time before an answer: where nobody is left, the connection breaks and counts as closed.
 */
export function answerHalfClosed(server: Server, answers: OpenAnswers): void {
  const halfOpen: Server & HalfOpen = server;
  halfOpen.httpAllowHalfOpen = true;

  const look = (socket: Socket) => {
    const first = answers.first(socket);
    if (!first || socket.destroyed) return;
    // An answer that has begun meanwhile is written to anyway; HTTP/1.0 has no interim answers.
    if (!first.headersSent && first.req.httpVersion === '1.1') first.writeContinue();
    setTimeout(look, LOOK_MS, socket).unref();
  };
  server.on(socketEvent(server), (socket: Socket) => {
    socket.once('end', () => {
      const first = answers.first(socket);
      // Whoever ends its side with a request does so before the answer begins; afterwards it has left.
      if (first?.headersSent) socket.destroy();
      else setTimeout(look, PATIENCE_MS, socket).unref();
    });
  });
}
