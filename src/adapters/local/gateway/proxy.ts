import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Timers } from '#adapters/local/concurrency/timers.ts';
import type { InvocationLimits, InvocationSlot } from '#adapters/local/revisions/invocation.ts';
import type { Mechanism } from '#domain/placement/target.ts';
import type { Front } from './forwarded.ts';
import { requestHeaders, responseHeaders } from './headers.ts';
import { lambdaWarning } from './lambda-warning.ts';
import { type Refusal, requestTooSlow, revisionTooSlow } from './refusal.ts';

/** One request being relayed to one process. */
export type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly front: Front;
  /** The prefix before the path, if the server needs to know it. */
  readonly prefix: string | undefined;
  /** The whole body; null when there is none. */
  readonly body: Buffer | null;
  readonly revision: string;
  readonly mechanism: Mechanism;
  readonly limits: InvocationLimits;
  /** The deadline, by `timers`. */
  readonly endMs: number;
  readonly timers: Timers;
  readonly upstream: Dispatcher;
  readonly onRecall: InvocationSlot['onRecall'];
};

/**
 * How an exchange ended: answered in full, the client left, the time limit (a client's, or the process's), the process broke the connection, or recalled before an answer began.
 * For a broken connection, `stage` says how far it had come: not connected, no part of an answer seen, or a part.
 */
export type Ending =
  | { readonly kind: 'answered' }
  | { readonly kind: 'abandoned' | 'recalled' }
  | { readonly kind: 'refused' | 'expired'; readonly refusal: Refusal }
  | {
      readonly kind: 'lost';
      readonly reason: string;
      readonly stage: 'unconnected' | 'unanswered' | 'answering';
    };

type Settle = (ending: Ending) => void;

const ANSWERED: Ending = { kind: 'answered' };

const STOPPED = new Error('the exchange has ended');

/** Relays the request to the process, and streams its answer to the client. Never rejects; any ending but `answered` may have sent part of the answer. */
export async function relay(exchange: Exchange): Promise<Ending> {
  const { request, response, path, front, prefix, body, upstream, endMs, timers } = exchange;
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
  exchange.onRecall(() => {
    if (!response.headersSent) settle({ kind: 'recalled' });
  });
  upstream.dispatch(
    {
      path,
      method: request.method ?? 'GET',
      headers: requestHeaders(request, front, prefix),
      body,
    },
    answerHandler(exchange, settle, (controller) => {
      stopUpstream = () => controller.abort(STOPPED);
      if (isOver) stopUpstream();
    }),
  );

  const ending = await promise;
  socket.off('close', leave);
  callOff();
  return ending;
}

function answerHandler(
  exchange: Exchange,
  settle: Settle,
  onRequestStart: (controller: Dispatcher.DispatchController) => void,
): Dispatcher.DispatchHandler {
  const { response, revision } = exchange;
  let isBegun = false;
  let declaredBytes: number | undefined;
  let whole: Buffer | undefined;
  return {
    onRequestStart,
    onResponseStart(_controller, status, headers) {
      isBegun = true;
      if (status < 200) return;
      const passed = responseHeaders(headers, revision, response);
      const warning = lambdaWarning(exchange, headers);
      if (warning) passed['x-slipway-warning'] = warning;
      response.writeHead(status, passed);
      // An answer of unknown length may be an event stream: the client should learn at once that it has begun.
      const length = headers['content-length'];
      if (length === undefined) response.flushHeaders();
      else declaredBytes = Number(length);
    },
    onResponseData(controller, chunk) {
      // A short answer comes in one piece, and ends in the same turn: sent with its end, it costs one write less.
      if (chunk.length === declaredBytes) {
        whole = chunk;
        return;
      }
      if (response.write(chunk)) return;
      controller.pause();
      response.once('drain', () => controller.resume());
    },
    onResponseEnd() {
      response.end(whole);
      settle(ANSWERED);
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

/** Apart from a broken connection, only an answer that is not valid HTTP ends an exchange with an error. */
function stageOf(error: Error) {
  const code = 'code' in error ? error.code : undefined;
  if (UNCONNECTED.includes(code)) return 'unconnected';
  return BROKEN.includes(code) ? 'unanswered' : 'answering';
}

/** Who is to blame for a timeout: a client that does not read, else the process. */
function overtime({ response, revision, mechanism, limits }: Exchange): Ending {
  return response.writableNeedDrain
    ? { kind: 'refused', refusal: requestTooSlow(limits) }
    : { kind: 'expired', refusal: revisionTooSlow(revision, limits, mechanism) };
}
