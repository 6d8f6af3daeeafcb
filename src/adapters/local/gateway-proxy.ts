import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import {
  type Refusal,
  requestTooLarge,
  requestTooSlow,
  responseTooLarge,
  revisionTooSlow,
} from './gateway-refusal.ts';
import { requestHeaders, responseHeaders } from './headers.ts';
import type { InvocationLimits } from './invocation.ts';
import { hasBody, measuredBody } from './measured-body.ts';

/** One request on its way to one process. */
export type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly revision: string;
  readonly limits: InvocationLimits;
  readonly upstream: Dispatcher;
};

/** How an exchange ended: answered in full, left by the client, ended by a limit on sizes, by the limit on time, or broken off by the process. */
export type Ending =
  | { readonly kind: 'answered' }
  | { readonly kind: 'abandoned' }
  | { readonly kind: 'refused' | 'expired'; readonly refusal: Refusal }
  | { readonly kind: 'lost'; readonly reason: string };

type Settle = (ending: Ending) => void;

const STOPPED = new Error('the exchange has ended');

/** Passes the request to the process and its answer to the client, both as they come. Never rejects; an ending but `answered` may have sent a part of the answer. */
export async function relay(exchange: Exchange): Promise<Ending> {
  const { request, response, path, limits, upstream } = exchange;
  const { socket } = request;
  if (socket.closed) return { kind: 'abandoned' };
  const { promise, resolve } = Promise.withResolvers<Ending>();
  let isOver = false;
  let stopUpstream = () => {};
  const settle: Settle = (ending) => {
    isOver = true;
    resolve(ending);
    stopUpstream();
  };

  const leave = () => settle({ kind: 'abandoned' });
  socket.once('close', leave);
  const timer = setTimeout(() => settle(overtime(exchange)), limits.timeoutMs);
  const body = hasBody(request)
    ? measuredBody(request, limits.maxRequestBytes, () =>
        settle({ kind: 'refused', refusal: requestTooLarge(limits) }),
      )
    : null;
  if (body && awaitsLeave(request)) response.writeContinue();
  upstream.dispatch(
    { path, method: request.method ?? 'GET', headers: requestHeaders(request), body },
    {
      onRequestStart(controller) {
        stopUpstream = () => controller.abort(STOPPED);
        if (isOver) stopUpstream();
      },
      ...answerHandler(exchange, settle),
    },
  );

  const ending = await promise;
  socket.off('close', leave);
  clearTimeout(timer);
  body?.destroy();
  return ending;
}

function answerHandler(
  { response, revision, limits }: Exchange,
  settle: Settle,
): Dispatcher.DispatchHandler {
  const oversize = () => settle({ kind: 'refused', refusal: responseTooLarge(revision, limits) });
  let receivedBytes = 0;
  return {
    onResponseStart(_controller, status, headers) {
      if (status < 200) return;
      if (Number(headers['content-length']) > limits.maxResponseBytes) return oversize();
      response.writeHead(status, responseHeaders(headers, revision));
      // An answer of unknown length may be a stream of events: its client learns at once that it has begun.
      if (headers['content-length'] === undefined) response.flushHeaders();
    },
    onResponseData(controller, chunk) {
      receivedBytes += chunk.length;
      if (receivedBytes > limits.maxResponseBytes) return oversize();
      if (response.write(chunk)) return;
      controller.pause();
      response.once('drain', () => controller.resume());
    },
    onResponseEnd() {
      response.end();
      settle({ kind: 'answered' });
    },
    onResponseError(_controller, error) {
      settle({ kind: 'lost', reason: error.message });
    },
  };
}

/** Who kept whom waiting when the time is over: a client that does not send or does not read, else the process. */
function overtime({ request, response, revision, limits }: Exchange): Ending {
  const isSending = !request.complete && request.readableLength === 0;
  return isSending || response.writableNeedDrain
    ? { kind: 'refused', refusal: requestTooSlow(limits) }
    : { kind: 'expired', refusal: revisionTooSlow(revision, limits) };
}

function awaitsLeave({ headers, httpVersion }: IncomingMessage): boolean {
  return headers.expect !== undefined && httpVersion === '1.1';
}
