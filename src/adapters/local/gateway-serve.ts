import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { mechanismOf } from '#domain/target.ts';
import type { Place } from './gateway-place.ts';
import { type Ending, type Exchange, relay } from './gateway-proxy.ts';
import * as refusals from './gateway-refusal.ts';
import type { InvocationSlot, RevisionHost } from './invocation.ts';
import { declaredBytes, hasBody, measuredBody } from './measured-body.ts';
import type { Timers } from './timers.ts';
import type { UpstreamPools } from './upstream-pools.ts';

/** A request whose revision is chosen; `gone` aborts when the client's connection closes. */
export type Visit = {
  readonly place: Place;
  readonly revision: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly gone: AbortSignal;
};

type Parts = {
  readonly revisions: RevisionHost;
  readonly upstreams: UpstreamPools;
  readonly timers: Timers;
};

/** All of an exchange but the process, and how to get one. */
type Errand = Omit<Exchange, 'upstream'> & {
  readonly upstreams: UpstreamPools;
  readonly invoke: () => ReturnType<RevisionHost['invoke']>;
  readonly gone: AbortSignal;
};

type Lost = Extract<Ending, { readonly kind: 'lost' }>;

const RELEASES = {
  answered: 'done',
  abandoned: 'aborted',
  refused: 'aborted',
  expired: 'timeout',
  lost: 'aborted',
} as const satisfies Record<Ending['kind'], Parameters<InvocationSlot['release']>[0]>;

/**
 * Has a process of the revision answer, and says why when none did.
 * A request goes to another process once more when the first broke off: one of a container without any part of an answer, one of a function before it was connected, as a function that dies is answered 502 on AWS too.
 * An inference has no effects, so a POST may be repeated like a GET (RFC 9110 §9.2.2: when the semantics are known to be idempotent).
 */
export async function serve(parts: Parts, visit: Visit): Promise<Ending> {
  const { revisions, upstreams, timers } = parts;
  const { request, response, place, revision, gone } = visit;
  const limits = revisions.limits(revision);
  const target = revisions.target(revision);
  if (!limits || !target) return refused(refusals.noRevision(place.kind, revision));
  const mechanism = mechanismOf(target);
  if (declaredBytes(request) > limits.maxRequestBytes) {
    return refused(refusals.requestTooLarge(limits, mechanism));
  }

  // A short body comes in one packet with its head, and is parsed by the next turn of the event loop: sent as one Buffer
  // it costs 55 µs of CPU, as a stream 78 (bench/gateway-cpu.ts, 293 B). All wait alike, so a pipeline keeps its order.
  await nextTurn();
  const invoke = () => revisions.invoke(revision, gone);
  const slot = await invoke();
  if (slot.kind === 'refused') return refused({ status: slot.status, error: slot.error });
  if (hasBody(request) && awaitsLeave(request)) response.writeContinue();
  const body = measuredBody(request, limits.maxRequestBytes);
  const endMs = timers.nowMs() + limits.timeoutMs;
  const path = place.rest;
  try {
    const time = { endMs, timers };
    const errand = { ...visit, ...time, path, body, mechanism, limits, upstreams, invoke };
    return await attempt(errand, slot, { isLast: false });
  } finally {
    body.close();
  }
}

async function attempt(
  errand: Errand,
  slot: InvocationSlot,
  { isLast }: { readonly isLast: boolean },
): Promise<Ending> {
  let ending: Ending = { kind: 'abandoned' };
  try {
    ending = await relay({ ...errand, upstream: errand.upstreams.to(slot.origin) });
    if (ending.kind !== 'lost') return ending;
    const other = !isLast && mayRepeat(errand, ending.stage) && (await another(errand, slot));
    return other
      ? await attempt(errand, other, { isLast: true })
      : await explain(ending.reason, errand.revision, slot);
  } finally {
    slot.release(RELEASES[ending.kind]);
  }
}

function mayRepeat({ mechanism, body, gone }: Errand, stage: Lost['stage']): boolean {
  const isRepeatable =
    stage === 'unconnected' || (stage === 'unanswered' && mechanism === 'container');
  return isRepeatable && body.isKept() && !gone.aborted;
}

const LOOKS = 20;
const INTERVAL_MS = 10;

/** A connection breaks a moment before its process is known to have ended, so for 200 ms at most another one is waited for. */
async function another(
  { invoke }: Errand,
  broken: InvocationSlot,
): Promise<InvocationSlot | undefined> {
  for (let look = 1; ; look += 1) {
    const slot = await invoke();
    if (slot.kind === 'refused') return undefined;
    if (slot.origin !== broken.origin || look === LOOKS) return slot;
    slot.release('done');
    await delay(INTERVAL_MS);
  }
}

/** For the same reason why it ended is waited for. */
async function explain(reason: string, revision: string, slot: InvocationSlot): Promise<Ending> {
  for (let look = 1; look < LOOKS && slot.diagnosis() === undefined; look += 1) {
    await delay(INTERVAL_MS);
  }
  return refused(refusals.revisionLost(revision, reason, slot.diagnosis()));
}

function refused(refusal: refusals.Refusal): Ending {
  return { kind: 'refused', refusal };
}

function awaitsLeave({ headers, httpVersion }: IncomingMessage): boolean {
  return headers.expect !== undefined && httpVersion === '1.1';
}
