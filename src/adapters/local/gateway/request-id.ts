import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/**
 * Gives a request the id by which it stands in the logs: the client's own, if it could be one, else a new one.
 * It stands among the request's headers, so that it goes on to the model's server, and back in the answer.
 */
export function identify({ headers }: IncomingMessage): string {
  const { 'x-request-id': given } = headers;
  const id = typeof given === 'string' && /^[\w.:/+=@-]{1,128}$/.test(given) ? given : randomUUID();
  headers['x-request-id'] = id;
  return id;
}

export function idOf({ headers }: IncomingMessage): string {
  return String(headers['x-request-id'] ?? '');
}
