import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Leaving } from '#adapters/local/concurrency/leaving.ts';
import type { Timers } from '#adapters/local/concurrency/timers.ts';
import type { BodyRoom } from '#adapters/local/http/body-room.ts';
import {
  declaredBytes,
  hasBody,
  type NoBody,
  receiveBody,
  type WholeBody,
} from '#adapters/local/http/received-body.ts';
import type { Ending } from './proxy.ts';
import * as refusals from './refusal.ts';
import type { Terms } from './terms.ts';

type Parts = { readonly room: BodyRoom; readonly timers: Timers };

/** A request whose headers have arrived; `gone` aborts when the client's connection closes. */
export type Arrival = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly gone: Leaving;
};

type Unreceived = Extract<
  Ending,
  { readonly kind: 'refused' | 'expired' | 'abandoned' | 'recalled' }
>;

/**
 * Waits for the whole request before anything is reserved for it: a slow or stalled client holds nothing that others need.
 * API Gateway does the same: it calls Lambda and load balancers once it has the body.
 */
export async function receive(
  { room, timers }: Parts,
  { request, response, gone }: Arrival,
  terms: Terms,
): Promise<WholeBody | Unreceived> {
  const { maxRequestBytes: maxBytes, timeoutMs } = terms.limits;
  if (declaredBytes(request) > maxBytes) return without({ kind: 'tooLarge' }, terms);

  // A short body arrives in one packet with its headers, and is parsed by the next turn of the event loop: sent as one Buffer
  // it costs 55 µs of CPU, as a stream 78 (bench/gateway-cpu.ts, 293 B). All wait alike, so a pipeline keeps its order.
  await turnEnd();
  if (hasBody(request) && awaitsLeave(request)) response.writeContinue();
  const body = await receiveBody(request, { maxBytes, timeoutMs, timers, room, gone });
  return body.kind === 'whole' ? body : without(body, terms);
}

let ending: Promise<void> | undefined;

/** Resolves once the event loop has read all that has arrived; requests of one turn share it, which costs each a few microseconds less. */
function turnEnd(): Promise<void> {
  ending ??= nextTurn().then(() => {
    ending = undefined;
  });
  return ending;
}

function without({ kind }: NoBody, { limits }: Terms): Unreceived {
  switch (kind) {
    case 'left':
      return { kind: 'abandoned' };
    case 'tooLarge':
      return { kind: 'refused', refusal: refusals.requestTooLarge(limits) };
    case 'tooSlow':
      return { kind: 'refused', refusal: refusals.requestTooSlow(limits) };
    case 'stalled':
      return { kind: 'refused', refusal: refusals.requestStalled() };
    case 'crowded':
      return { kind: 'refused', refusal: refusals.noRoom() };
  }
}

function awaitsLeave({ headers, httpVersion }: IncomingMessage): boolean {
  return headers.expect !== undefined && httpVersion === '1.1';
}
