import { setTimeout as delay } from 'node:timers/promises';
import type { Timers } from '#adapters/local/concurrency/timers.ts';
import type {
  InvocationRefusal,
  InvocationSlot,
  RevisionHost,
  Sharing,
} from '#adapters/local/revisions/invocation.ts';
import type { FrontOf } from './forwarded.ts';
import { PROBE_HEADER, WAITED_HEADER } from './probe-mark.ts';
import { type Ending, type Exchange, relay } from './proxy.ts';
import type { Arrival } from './receive.ts';
import * as refusals from './refusal.ts';
import type { Terms } from './terms.ts';
import type { UpstreamPools } from './upstream-pools.ts';

/** A complete request whose revision is chosen; `path` is the path for its server, `prefix` what stood before it, if the server needs to know, and `body` is null when it has none. */
export type RoutedRequest = Arrival & {
  readonly path: string;
  readonly prefix: string | undefined;
  readonly revision: string;
  readonly body: Buffer | null;
};

type Parts = {
  readonly revisions: RevisionHost;
  readonly upstreams: UpstreamPools;
  readonly timers: Timers;
  readonly frontOf: FrontOf;
};

// Kept as three objects: spreading them into one for each request would cost more than everything else here.
type RelayRequest = {
  readonly parts: Parts;
  readonly routed: RoutedRequest;
  readonly terms: Terms;
};

const RELEASES = {
  answered: 'done',
  abandoned: 'aborted',
  recalled: 'aborted',
  refused: 'aborted',
  expired: 'timeout',
  lost: 'aborted',
} as const satisfies Record<Ending['kind'], Parameters<InvocationSlot['release']>[0]>;

/**
 * Relays a request to a process of the revision, and says why if none answers.
 * A request is retried once, alone on another process, if its connection failed, or if it broke off before any part of an answer while another request may have been the cause:
 * a request that was alone on a Lambda instance when it died is answered 502, as on AWS. A request stuck behind a slow one is also retried.
 * An inference has no side effects, so a POST may be retried like a GET (RFC 9110 §9.2.2: when the semantics are known to be idempotent).
 */
export async function serve(relayRequest: RelayRequest): Promise<Ending> {
  const { routed, terms } = relayRequest;
  const { limits } = terms;
  if ((routed.body?.length ?? 0) > limits.maxRequestBytes) {
    return refused(refusals.requestTooLarge(limits));
  }
  const slot = await invoke(relayRequest, 'shared');
  if (slot.kind === 'refused') return unserved(slot);
  const first = await exchange(relayRequest, slot);
  if (first.kind !== 'lost' && first.kind !== 'recalled') return first;
  const other = await another(relayRequest, slot, first);
  if (other.kind === 'none') return explain(relayRequest, slot, first);
  if (other.kind === 'refused') return unserved(other);
  const second = await exchange(relayRequest, other);
  return second.kind === 'lost' ? explain(relayRequest, other, second) : second;
}

function invoke({ parts, routed }: RelayRequest, sharing: Sharing) {
  const slot = parts.revisions.invoke(routed.revision, routed.gone, sharing);
  return PROBE_HEADER in routed.request.headers ? timed(slot, parts.timers, routed) : slot;
}

async function timed<T>(slot: Promise<T>, timers: Timers, { response }: RoutedRequest): Promise<T> {
  const sinceMs = timers.nowMs();
  await slot;
  if (!response.headersSent) {
    // One that was sent back to the line has waited before.
    const waitedMs = Number(response.getHeader(WAITED_HEADER) ?? 0) + timers.nowMs() - sinceMs;
    response.setHeader(WAITED_HEADER, String(waitedMs));
  }
  return slot;
}

async function exchange(
  { parts, routed, terms }: RelayRequest,
  slot: InvocationSlot,
): Promise<Ending> {
  const { limits, mechanism } = terms;
  const { timers, upstreams, frontOf } = parts;
  const { request, response, path, prefix, body, revision } = routed;
  let ending: Ending = { kind: 'abandoned' };
  try {
    const exchange: Exchange = {
      request,
      response,
      path,
      front: frontOf(request),
      prefix,
      body,
      revision,
      mechanism,
      limits,
      timers,
      endMs: timers.nowMs() + limits.timeoutMs,
      upstream: upstreams.to(slot.origin),
      onRecall: slot.onRecall,
    };
    ending = await relay(exchange);
    return ending;
  } finally {
    slot.release(RELEASES[ending.kind]);
  }
}

type Broken = Extract<Ending, { readonly kind: 'lost' | 'abandoned' | 'recalled' }>;
type None = { readonly kind: 'none' };

const LOOKS = 20;
const INTERVAL_MS = 10;
// Only Docker knows that a container has ended, and why; on a busy machine it takes a second to tell.
const LOOKS_AT_THE_END = 200;

/** A connection breaks a moment before its process is known to have ended, so this waits up to 200 ms for another one. */
async function another(
  relayRequest: RelayRequest,
  left: InvocationSlot,
  ending: Broken,
): Promise<InvocationSlot | InvocationRefusal | None> {
  if (relayRequest.routed.gone.aborted) return { kind: 'none' };
  if (ending.kind !== 'lost') return invoke(relayRequest, 'alone');
  const isRepeatable =
    ending.stage === 'unconnected' || (ending.stage === 'unanswered' && left.isRepeatable());
  for (let look = 1; isRepeatable; look += 1) {
    const slot = await invoke(relayRequest, 'alone');
    if (slot.kind === 'refused') break;
    if (slot.origin !== left.origin || look === LOOKS) return slot;
    slot.release('aborted');
    await delay(INTERVAL_MS);
  }
  return { kind: 'none' };
}

/** For the same reason, waits up to 2 s for the cause of the end. */
async function explain(
  relayRequest: RelayRequest,
  slot: InvocationSlot,
  ending: Broken,
): Promise<Ending> {
  if (ending.kind !== 'lost' || relayRequest.routed.gone.aborted) return { kind: 'abandoned' };
  for (let look = 1; look < LOOKS_AT_THE_END && slot.diagnosis() === undefined; look += 1) {
    await delay(INTERVAL_MS);
  }
  return refused(
    refusals.revisionLost(relayRequest.routed.revision, ending.reason, slot.diagnosis()),
  );
}

function unserved({ kind, ...refusal }: InvocationRefusal): Ending {
  return { kind, refusal };
}

function refused(refusal: refusals.Refusal): Ending {
  return { kind: 'refused', refusal };
}
