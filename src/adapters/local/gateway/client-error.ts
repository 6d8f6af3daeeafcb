import { type Server, STATUS_CODES } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { OpenAnswers } from '#adapters/local/http/open-answers.ts';
import type { Refusal } from './refusal.ts';

const NO_TUNNEL: Refusal = {
  status: 405,
  error: 'this is not a proxy: it opens no connection to other addresses',
  fix: 'leave the gateway out of the settings of proxies (HTTPS_PROXY), and call /models/<name>/… on it',
};

/** The limits of the server that are named in its answers. */
type Limits = {
  readonly maxHeaderSize: number;
  readonly headersTimeout: number;
  readonly requestTimeout: number;
};

/** Node's error about a request that it could not read: `reason` of llhttp, and the bytes. */
type ClientError = Error & {
  readonly code?: string;
  readonly reason?: string;
  readonly rawPacket?: Buffer;
};

const HTTP2: Refusal = {
  status: 505,
  error: 'HTTP/2 is not spoken here',
  fix: 'send the request by HTTP/1.1, as clients do unless they are set to begin with HTTP/2 (curl: --http1.1)',
};

/** Answers what is no request of HTTP/1.1 in the words of the gateway: Node itself says no more than a status, and to a client that begins with HTTP/2 nothing. */
export function answerClientErrors(server: Server, answers: OpenAnswers, limits: Limits): void {
  const http2 = http2Refusals();
  server.on('clientError', (error: ClientError, socket) => {
    if (error.code === 'HPE_PAUSED_H2_UPGRADE' && error.rawPacket && socket.writable) {
      return http2(socket, error.rawPacket);
    }
    // An answer that has begun would be broken into.
    const response = answers.last(socket);
    const isAnswering = response?.headersSent && !response.writableFinished;
    if (socket.writable && !isAnswering) socket.write(written(refusalOf(error, limits)));
    socket.destroy(error);
  });
  // Node cuts the connection where nobody listens.
  server.on('connect', (_request, socket: Duplex) => {
    socket.on('error', () => undefined).end(written(NO_TUNNEL));
  });
}

/** Answers a connection that began with HTTP/2, whose first bytes were read, in HTTP/2, since its client understands nothing else. */
function http2Refusals(): (socket: Duplex, read: Buffer) => void {
  const server = createHttp2Server((_request, response) => {
    response.writeHead(HTTP2.status, { 'content-type': 'application/json' });
    response.end(contentOf(HTTP2));
    response.stream.session?.close();
  });
  // The client has left, or speaks something else.
  server.on('sessionError', () => undefined);
  return (socket, read) => {
    // Takes the connection away from the parser of HTTP/1.
    socket.on('data', () => undefined).removeAllListeners('data');
    socket.pause();
    socket.unshift(read);
    server.emit('connection', socket);
  };
}

function refusalOf({ code, reason, message }: ClientError, limits: Limits): Refusal {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return {
      status: 431,
      error: `the head of the request is over ${limits.maxHeaderSize / 1_024} KiB`,
      fix: 'send fewer or shorter headers, and what is to be predicted in the body',
    };
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    const { headersTimeout, requestTimeout } = limits;
    const times = `${headersTimeout / 1_000} s for its head and ${requestTimeout / 1_000} s for all of it`;
    return { status: 408, error: `the request came too slowly: it has ${times}` };
  }
  return { status: 400, error: `not a valid HTTP/1.1 request: ${reason ?? message}` };
}

function written(refusal: Refusal): string {
  const content = contentOf(refusal);
  return [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}`,
    'content-type: application/json',
    'x-content-type-options: nosniff',
    `content-length: ${Buffer.byteLength(content)}`,
    'connection: close',
    '',
    content,
  ].join('\r\n');
}

function contentOf({ status: _, ...content }: Refusal): string {
  return JSON.stringify(content);
}
