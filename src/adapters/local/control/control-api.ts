import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { answerHalfClosed } from '#adapters/local/http/half-closed.ts';
import { httpServer } from '#adapters/local/http/http-server.ts';
import { openAnswers } from '#adapters/local/http/open-answers.ts';
import { hasBody } from '#adapters/local/http/received-body.ts';
import type { TlsFiles } from '#adapters/local/http/tls-files.ts';
import { jsonResponse } from '#control/json-response.ts';
import { packed } from './packed.ts';

const ENDING_MS = 250;
// The host that a request names is a header; this one only makes a URL of its path.
const BASE = 'http://127.0.0.1';
const TIMES = { requestTimeout: 0, keepAliveTimeout: 72_000 } as const;
// Such a segment, encoded or not, is gone from a URL once that is read.
const DOTS = /(^|[/\\])(\.|%2e){1,2}($|[/\\?#])/i;

/** Answers a request, which came as `raw`. Never rejects. */
export type Answering = (request: Request, raw: IncomingMessage) => Promise<Response>;

/** A server of this machine for a control API. All that it knows of that is the handler, which decides also who may ask. */
export function controlApi(handler: Answering, tls?: TlsFiles): FastifyInstance {
  const sending = new Set<Promise<void>>();
  const answer = async ({ raw }: FastifyRequest, reply: FastifyReply) => {
    reply.hijack();
    const sent = send(await answerTo(raw, reply.raw, handler), reply.raw);
    sending.add(sent);
    await sent.finally(() => sending.delete(sent));
  };
  // The handler also refuses the requests that the router cannot read.
  const api = fastify({
    // As fastify has them without TLS: an upload of gigabytes may take as long as it takes.
    ...(tls && {
      serverFactory: (listener: RequestListener) => httpServer(TIMES, listener, tls),
    }),
    frameworkErrors: (_error, request, reply) => void answer(request, reply).catch(() => undefined),
  });
  api.setErrorHandler((_error, request, reply) => answer(request, reply));
  answerHalfClosed(api.server, openAnswers(api.server));
  api.addHook('preClose', async () => {
    // Streams that have just ended reach their readers. Some clients never disconnect, and a suspended one never reads its stream to the end.
    await Promise.race([Promise.allSettled(sending), sleep(ENDING_MS, undefined, { ref: false })]);
    api.server.closeAllConnections();
  });
  // A body is raw bytes whatever its content type, and is streamed.
  api.removeAllContentTypeParsers();
  api.addContentTypeParser('*', (_request, _payload, done) => done(null));
  api.all('*', answer);
  api.setNotFoundHandler(answer);
  return api;
}

async function answerTo(
  raw: IncomingMessage,
  reply: ServerResponse,
  handler: Answering,
): Promise<Response> {
  const gone = new AbortController();
  reply.once('close', () => gone.abort());
  const path = (raw.url ?? '/').replace(/^https?:\/\/[^/?#]*/i, '');
  if (DOTS.test(path.split('?', 1)[0] ?? '')) {
    return refused(`${path} has a part \`.\` or \`..\``, 'Name what is meant without them.');
  }
  try {
    const request = new Request(BASE + path, {
      method: raw.method ?? 'GET',
      headers: headersOf(raw),
      signal: gone.signal,
      // Unread bytes stay with Node, which drops them once the answer is sent.
      ...(hasBody(raw) && takesBody(raw) && { body: ReadableStream.from(raw), duplex: 'half' }),
    });
    return await packed(request, await handler(request, raw));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return refused(`${raw.method} ${raw.url} is not a request that is taken here`, '');
  }
}

function takesBody({ method }: IncomingMessage): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

function headersOf({ headers }: IncomingMessage): Headers {
  return new Headers(
    Object.entries(headers).map(([name, value = '']) => [name, String(value)] as const),
  );
}

function refused(error: string, fix: string): Response {
  return jsonResponse({ error, fix }, { status: 400 });
}

async function send(response: Response, reply: ServerResponse): Promise<void> {
  reply.writeHead(response.status, Object.fromEntries(response.headers));
  if (!response.body) return void reply.end();
  // Whoever follows a stream learns at once that it is answered.
  reply.flushHeaders();
  // A client that leaves ends what is read for it; an answer that breaks off breaks its connection.
  await pipeline(Readable.fromWeb(response.body), reply).catch(() => reply.destroy());
}
