import { connect } from 'node:net';

/** Sends bytes as they are and answers all that comes back until the connection is closed. If `ends`, the client's side ends at once, as `nc -N` does. */
export function exchangeBytes(
  origin: string,
  bytes: string,
  { ends = false } = {},
): Promise<string> {
  const { hostname, port } = new URL(origin);
  const { promise, resolve } = Promise.withResolvers<string>();
  let received = '';
  const client = connect({ port: Number(port), host: hostname, allowHalfOpen: ends })
    .setEncoding('latin1')
    .on('data', (text: string) => {
      received += text;
    })
    .on('error', () => {})
    .on('end', () => client.end())
    .on('close', () => resolve(received));
  if (ends) client.end(bytes, 'latin1');
  else client.write(bytes, 'latin1');
  return promise;
}

/** The head of a POST to the model `digits`. */
export const head = (...lines: string[]) =>
  `${['POST /models/digits/infer HTTP/1.1', 'Host: front.example', ...lines].join('\r\n')}\r\n\r\n`;

/** A request after which the connection is closed. */
export const LAST = head('Connection: close', 'Content-Length: 0');

/** The statuses of the answers in the received text. */
export const statuses = (received: string) =>
  received.match(/HTTP\/1\.1 \d+/g)?.map((line) => line.slice(9));
