import { setTimeout as delay } from 'node:timers/promises';
import type {
  Company,
  InvocationRefusal,
  InvocationSlot,
  RevisionHost,
} from '#adapters/local/revisions/invocation.ts';
import type { Timers } from '#adapters/local/timers.ts';
import { type Ending, type Exchange, relay } from './proxy.ts';
import type { Arrival } from './receive.ts';
import * as refusals from './refusal.ts';
import type { Terms } from './terms.ts';
import type { UpstreamPools } from './upstream-pools.ts';

/** A whole request whose revision is chosen; `path` is what its server sees, `prefix` what stood before it, where the server needs to know, `body` is null when it has none. */
export type Visit = Arrival & {
  readonly path: string;
  readonly prefix: string | undefined;
  readonly revision: string;
  readonly body: Buffer | null;
};

type Parts = {
  readonly revisions: RevisionHost;
  readonly upstreams: UpstreamPools;
  readonly timers: Timers;
};

// Kept as three: to spread them for each request costs more than all else here.
type Errand = { readonly parts: Parts; readonly visit: Visit; readonly terms: Terms };

const RELEASES = {
  answered: 'done',
  abandoned: 'aborted',
  recalled: 'aborted',
  refused: 'aborted',
  expired: 'timeout',
  lost: 'aborted',
} as const satisfies Record<Ending['kind'], Parameters<InvocationSlot['release']>[0]>;

/**
 * Has a process of the revision answer, and says why when none did.
 * A request goes to another process once more, where it is alone, when the first one broke off before it was connected, or without any part of an answer where another request may have been the reason:
 * a function that had it alone and died is answered 502, as on AWS. So does one that waited behind a request that takes long.
 * An inference has no effects, so a POST may be repeated like a GET (RFC 9110 §9.2.2: when the semantics are known to be idempotent).
 */
export async function serve(errand: Errand): Promise<Ending> {
  const { visit, terms } = errand;
  const { limits, mechanism } = terms;
  if ((visit.body?.length ?? 0) > limits.maxRequestBytes) {
    return refused(refusals.requestTooLarge(limits, mechanism));
  }
  const slot = await invoke(errand, 'shared');
  if (slot.kind === 'refused') return unserved(slot);
  const first = await exchange(errand, slot);
  if (first.kind !== 'lost' && first.kind !== 'recalled') return first;
  const other = await another(errand, slot, first);
  if (other.kind === 'none') return explain(errand, slot, first);
  if (other.kind === 'refused') return unserved(other);
  const second = await exchange(errand, other);
  return second.kind === 'lost' ? explain(errand, other, second) : second;
}

function invoke({ parts, visit }: Errand, company: Company) {
  return parts.revisions.invoke(visit.revision, visit.gone, company);
}

async function exchange({ parts, visit, terms }: Errand, slot: InvocationSlot): Promise<Ending> {
  const { limits, mechanism } = terms;
  const { timers, upstreams } = parts;
  const { request, response, path, prefix, body, revision } = visit;
  let ending: Ending = { kind: 'abandoned' };
  try {
    const exchange: Exchange = {
      request,
      response,
      path,
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
// That a container has ended, and why, is Docker's to say, which takes a busy machine a second.
const LOOKS_AT_THE_END = 200;

/** A connection breaks a moment before its process is known to have ended, so for 200 ms at most another one is waited for. */
async function another(
  errand: Errand,
  left: InvocationSlot,
  ending: Broken,
): Promise<InvocationSlot | InvocationRefusal | None> {
  if (errand.visit.gone.aborted) return { kind: 'none' };
  if (ending.kind !== 'lost') return invoke(errand, 'alone');
  const isRepeatable =
    ending.stage === 'unconnected' || (ending.stage === 'unanswered' && left.isRepeatable());
  for (let look = 1; isRepeatable; look += 1) {
    const slot = await invoke(errand, 'alone');
    if (slot.kind === 'refused') break;
    if (slot.origin !== left.origin || look === LOOKS) return slot;
    slot.release('aborted');
    await delay(INTERVAL_MS);
  }
  return { kind: 'none' };
}

/** For the same reason why it ended is waited for, 2 s at most. */
async function explain(errand: Errand, slot: InvocationSlot, ending: Broken): Promise<Ending> {
  if (ending.kind !== 'lost' || errand.visit.gone.aborted) return { kind: 'abandoned' };
  for (let look = 1; look < LOOKS_AT_THE_END && slot.diagnosis() === undefined; look += 1) {
    await delay(INTERVAL_MS);
  }
  return refused(refusals.revisionLost(errand.visit.revision, ending.reason, slot.diagnosis()));
}

function unserved({ kind, ...refusal }: InvocationRefusal): Ending {
  return { kind, refusal };
}

function refused(refusal: refusals.Refusal): Ending {
  return { kind: 'refused', refusal };
}
