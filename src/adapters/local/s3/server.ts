import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Timers } from '#adapters/local/concurrency/timers.ts';
import type { S3Answer } from './bucket.ts';
import type { S3Handler } from './handler.ts';
import { DECLARATION } from './xml.ts';

const ENDING_MS = 250;
// A client that has neither sent nor read anything for so long has left; an upload of gigabytes may take as long as it takes.
const SILENT_MS = 120_000;
const HEAD_MS = 10_000;
// Clients wait for a minute for the next byte of an answer.
const PATIENCE_MS = 20_000;

/** A server of this machine for S3's API. */
export function s3Server(handler: S3Handler, timers: Timers): FastifyInstance {
  const sending = new Set<Promise<void>>();
  const answer = async ({ raw }: FastifyRequest, reply: FastifyReply) => {
    reply.hijack();
    const sent = answerTo(raw, reply.raw, { handler, timers });
    sending.add(sent);
    await sent.finally(() => sending.delete(sent));
  };
  const server = fastify({
    requestTimeout: 0,
    connectionTimeout: SILENT_MS,
    http: { headersTimeout: HEAD_MS },
    // The handler also refuses what the router cannot read.
    frameworkErrors: (_error, request, reply) => void answer(request, reply).catch(() => undefined),
  });
  server.setErrorHandler((_error, request, reply) => answer(request, reply));
  server.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    askForBodyLate(request, response);
    server.server.emit('request', request, response);
  });
  server.addHook('preClose', async () => {
    await Promise.race([Promise.allSettled(sending), sleep(ENDING_MS, undefined, { ref: false })]);
    server.server.closeAllConnections();
  });
  // A body is raw bytes whatever its content type, and is streamed.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request, _payload, done) => done(null));
  server.all('*', answer);
  server.setNotFoundHandler(answer);
  return server;
}

/**
 * Asks a client that waits for it (`Expect: 100-continue`) for its body when that is about to be read, so that a refusal comes before it.
 * A connection on which a body was refused is closed: the client may send it or not. https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1
 */
function askForBodyLate(request: IncomingMessage, response: ServerResponse): void {
  const { shouldKeepAlive } = response;
  response.shouldKeepAlive = false;
  const onReader = (event: string | symbol) => {
    if (event !== 'readable' && event !== 'data') return;
    request.off('newListener', onReader);
    response.shouldKeepAlive = shouldKeepAlive;
    response.writeContinue();
  };
  request.on('newListener', onReader);
}

type Answering = { readonly handler: S3Handler; readonly timers: Timers };

async function answerTo(
  request: IncomingMessage,
  response: ServerResponse,
  { handler, timers }: Answering,
): Promise<void> {
  const stopWaiting = mayTakeLong(request) ? keepWaiting(response, timers) : () => undefined;
  const answer = await handler(request).finally(stopWaiting);
  await send(answer, response).catch(() => response.destroy());
  // Whoever still sends a body that was refused can go on to the answer.
  request.resume();
}

/** Whether all bytes of an object are copied for the answer. */
function mayTakeLong({ method, url = '', headers }: IncomingMessage): boolean {
  const isCompletion = method === 'POST' && /[?&]uploadId=/.test(url);
  return isCompletion || (method === 'PUT' && 'x-amz-copy-source' in headers);
}

/**
 * Keeps a client waiting as S3 does: an answer that has begun with 200 goes on with white space, and tells in its document how the work has ended.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
 */
function keepWaiting(response: ServerResponse, timers: Timers): () => void {
  let callOff = timers.after(PATIENCE_MS, beat);
  function beat(): void {
    if (!response.headersSent) {
      response.writeHead(200, { 'content-type': 'application/xml' });
      response.write(DECLARATION);
    }
    response.write(' ');
    callOff = timers.after(PATIENCE_MS, beat);
  }
  return () => callOff();
}

async function send({ status, headers, body }: S3Answer, response: ServerResponse): Promise<void> {
  if (response.headersSent) {
    response.end(typeof body === 'string' ? body.replace(DECLARATION, '') : '');
    return;
  }
  if (body === undefined || typeof body === 'string') {
    const hasLength = status === 204 || status === 304 || headers?.['content-length'] !== undefined;
    // After Content-Disposition, whose bytes Node would decode behind it: https://github.com/nodejs/node/pull/46528
    const length = { 'content-length': String(Buffer.byteLength(body ?? '')) };
    response.writeHead(status, { ...headers, ...(!hasLength && length) });
    response.end(body ?? '');
    return;
  }
  try {
    response.writeHead(status, headers);
  } catch (error) {
    body.destroy();
    throw error;
  }
  await pipeline(body, response);
}
