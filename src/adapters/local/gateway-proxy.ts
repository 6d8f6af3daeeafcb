import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Mechanism } from '#domain/target.ts';
import {
  type Refusal,
  requestTooLarge,
  requestTooSlow,
  responseTooLarge,
  revisionTooSlow,
} from './gateway-refusal.ts';
import { requestHeaders, responseHeaders } from './headers.ts';
import type { InvocationLimits } from './invocation.ts';
import type { MeasuredBody } from './measured-body.ts';
import type { Timers } from './timers.ts';

/** One request on its way to one process. */
export type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly body: MeasuredBody;
  readonly revision: string;
  readonly mechanism: Mechanism;
  readonly limits: InvocationLimits;
  /** When its time is over, by `timers`. */
  readonly endMs: number;
  readonly timers: Timers;
  readonly upstream: Dispatcher;
};

/**
 * How an exchange ended: answered in full, left by the client, ended by a limit on sizes, by the limit on time, or broken off by the process.
 * `stage` is how far one that broke off had come: not even connected, no part of an answer seen, or some.
 */
export type Ending =
  | { readonly kind: 'answered' }
  | { readonly kind: 'abandoned' }
  | { readonly kind: 'refused' | 'expired'; readonly refusal: Refusal }
  | {
      readonly kind: 'lost';
      readonly reason: string;
      readonly stage: 'unconnected' | 'unanswered' | 'answering';
    };

type Settle = (ending: Ending) => void;

const STOPPED = new Error('the exchange has ended');

/** Passes the request to the process and its answer to the client, both as they come. Never rejects; an ending but `answered` may have sent a part of the answer. */
export async function relay(exchange: Exchange): Promise<Ending> {
  const { request, path, limits, upstream, mechanism, endMs, timers } = exchange;
  const { socket } = request;
  if (socket.closed) return { kind: 'abandoned' };
  const { promise, resolve } = Promise.withResolvers<Ending>();
  let isOver = false;
  let stopUpstream = () => {};
  const settle: Settle = (ending) => {
    if (isOver) return;
    isOver = true;
    resolve(ending);
    stopUpstream();
  };

  const leave = () => settle({ kind: 'abandoned' });
  socket.once('close', leave);
  const leftMs = Math.max(0, endMs - timers.nowMs());
  const callOff = timers.after(leftMs, () => settle(overtime(exchange)));
  const body = exchange.body.open(() =>
    settle({ kind: 'refused', refusal: requestTooLarge(limits, mechanism) }),
  );
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
  callOff();
  if (body && 'destroy' in body) body.destroy();
  return ending;
}

function answerHandler(
  { response, revision, mechanism, limits }: Exchange,
  settle: Settle,
): Dispatcher.DispatchHandler {
  const oversize = () =>
    settle({ kind: 'refused', refusal: responseTooLarge(revision, limits, mechanism) });
  let isBegun = false;
  let receivedBytes = 0;
  return {
    onResponseStart(_controller, status, headers) {
      isBegun = true;
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
      settle({
        kind: 'lost',
        reason: error.message,
        stage: isBegun ? 'answering' : stageOf(error),
      });
    },
  };
}

const UNCONNECTED: readonly unknown[] = ['ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT'];
const BROKEN: readonly unknown[] = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'];

/** What else than a broken connection ends an exchange is an answer that is no HTTP. */
function stageOf(error: Error) {
  const code = 'code' in error ? error.code : undefined;
  if (UNCONNECTED.includes(code)) return 'unconnected';
  return BROKEN.includes(code) ? 'unanswered' : 'answering';
}

/** Who kept whom waiting when the time is over: a client that does not send or does not read, else the process. */
function overtime({ request, response, revision, limits }: Exchange): Ending {
  const isSending = !request.complete && request.readableLength === 0;
  return isSending || response.writableNeedDrain
    ? { kind: 'refused', refusal: requestTooSlow(limits) }
    : { kind: 'expired', refusal: revisionTooSlow(revision, limits) };
}
