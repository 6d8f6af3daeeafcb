import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/**
 * Gives a request the id by which it stands in the logs: the client's own, if it could be one, else a new one.
 * It stands among the request's headers, so that it goes on to the model's server, and back in the answer.
 */
export function identify({ headers }: IncomingMessage): string {
  const { 'x-request-id': given } = headers;
  const id = typeof given === 'string' && /^[\w.:/+=@-]{1,128}$/.test(given) ? given : newId();
  headers['x-request-id'] = id;
  return id;
}

// Short, as it is written into two heads and checked in each: a UUID costs a request a microsecond more.
const START = randomUUID().slice(0, 8);
let made = 0;

function newId(): string {
  made += 1;
  return `${START}-${made.toString(36)}`;
}

export function idOf({ headers }: IncomingMessage): string {
  return String(headers['x-request-id'] ?? '');
}
