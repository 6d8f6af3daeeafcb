import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** The answers that a server owes or is sending, in the order of their requests; a pipeline has several on one connection. */
export type OpenAnswers = {
  first(socket: Duplex): ServerResponse | undefined;
  last(socket: Duplex): ServerResponse | undefined;
  /** On all connections. */
  count(): number;
};

/** Watches a server from its start, once for all who ask: a listener costs each request more than what it notes. Call it after the server has its own listeners. */
export function openAnswers(server: Server): OpenAnswers {
  const open = new WeakMap<Duplex, ServerResponse[]>();
  let count = 0;

  const note = ({ socket }: IncomingMessage, response: ServerResponse) => {
    const answers = open.get(socket);
    if (answers) answers.push(response);
    else open.set(socket, [response]);
    count += 1;
    response.once('close', () => {
      count -= 1;
      const mine = open.get(socket) ?? [];
      mine.splice(mine.indexOf(response), 1);
    });
  };
  server.on('request', note);
  // Node handles these by itself, and a request may follow; unless somebody listens, who then has to answer them.
  for (const event of ['checkContinue', 'checkExpectation']) {
    if (server.listenerCount(event) > 0) server.on(event, note);
  }

  return {
    first: (socket) => open.get(socket)?.[0],
    last: (socket) => open.get(socket)?.at(-1),
    count: () => count,
  };
}
