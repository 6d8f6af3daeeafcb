import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/**
 * Gives a request the id that identifies it in logs: the client's own if it is valid, else a new one.
 * The id is set as a request header, so it reaches the model's server, and is returned in the answer.
 */
export function identify({ headers }: IncomingMessage): string {
  const { 'x-request-id': given } = headers;
  const id = typeof given === 'string' && /^[\w.:/+=@-]{1,128}$/.test(given) ? given : newId();
  headers['x-request-id'] = id;
  return id;
}

// Short, since it is written into two sets of headers and validated in each: a UUID costs a microsecond more per request.
const START = randomUUID().slice(0, 8);
let made = 0;

function newId(): string {
  made += 1;
  return `${START}-${made.toString(36)}`;
}

export function idOf({ headers }: IncomingMessage): string {
  return String(headers['x-request-id'] ?? '');
}
