import type { Leaving } from '#adapters/local/concurrency/leaving.ts';
import type { Placement } from '#domain/placement/target.ts';

/** Why a revision gave a request no process, as the gateway's status: 404 no such revision, 502 its process died at once, 503 stopped, without a ready replica, or too many waiting (`retryAfterSeconds`), 504 none in time. */
export type InvocationRefusal = {
  readonly kind: 'refused';
  readonly status: 404 | 502 | 503 | 504;
  readonly error: string;
  readonly retryAfterSeconds?: number;
};

/** `shared`: a process that may have other requests too. `alone`: where processes take only a few, one without any other request. */
export type Sharing = 'shared' | 'alone';

/** A process's slot for one request until `release`, which must be called exactly once, however the request ends. */
export type InvocationSlot = {
  readonly kind: 'slot';
  /** The process's address, `http://127.0.0.1:PORT`. */
  readonly origin: string;
  /** `timeout`: the request exceeded its limit, for which Lambda ends the process. */
  release(outcome: 'done' | 'aborted' | 'timeout'): void;
  /** Why the process ended during this request (out of memory, crash); undefined while it lives. */
  diagnosis(): string | undefined;
  /** Whether a request that got no part of an answer before the process ended may be retried: not on Lambda if it was the only request, and so the likely cause. */
  isRepeatable(): boolean;
  /** Calls `run` when the request waits behind a slow one: it should move to another process if its answer has not begun. */
  onRecall(run: () => void): void;
};

/** The limits on one request to a revision. `timeoutMs` applies to receiving the request, and again to answering it. */
export type InvocationLimits = {
  readonly maxRequestBytes: number;
  readonly timeoutMs: number;
};

/** How many servers of a revision run or start, and how many requests wait for one of them to have room. */
export type Occupancy = { readonly instances: number; readonly waiting: number };

/** The revisions' host, as the gateway uses it: limits first, then a process for the request. */
export type RevisionHost = {
  /** Undefined when the revision does not exist here. */
  placement(revision: string): Placement | undefined;
  limits(revision: string): InvocationLimits | undefined;
  occupancy(revision: string): Occupancy | undefined;
  /** A process for the request: at once, or on Lambda when its turn comes; gives up when `signal` aborts. */
  invoke(
    revision: string,
    signal: Leaving,
    sharing: Sharing,
  ): Promise<InvocationSlot | InvocationRefusal>;
};

export function refuse(status: InvocationRefusal['status'], error: string): InvocationRefusal {
  return { kind: 'refused', status, error };
}

export async function noRevision(revision: string): Promise<InvocationRefusal> {
  return refuse(404, `there is no revision ${revision}`);
}
