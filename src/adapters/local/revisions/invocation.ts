import type { Target } from '#domain/placement/target.ts';

/** Why a revision gave no process for a request, as the gateway's status: 404 no such revision, 502 its process died at once, 503 stopped, without a ready replica, or with too many waiting (`retryAfterSeconds`), 504 none in time. */
export type InvocationRefusal = {
  readonly kind: 'refused';
  readonly status: 404 | 502 | 503 | 504;
  readonly error: string;
  readonly retryAfterSeconds?: number;
};

/** `shared`: a process that may have other requests too. `alone`: where a process has but a few, one that has none beside this one. */
export type Company = 'shared' | 'alone';

/** A process's time for one request until `release`, which must be called exactly once, however the request ends. */
export type InvocationSlot = {
  readonly kind: 'slot';
  /** Where the process listens, `http://127.0.0.1:PORT`. */
  readonly origin: string;
  /** `timeout`: the request outlived its limit, for which Lambda ends the process. */
  release(outcome: 'done' | 'aborted' | 'timeout'): void;
  /** Why the process ended, when it did during this request (out of memory, crash); undefined while it lives. */
  diagnosis(): string | undefined;
  /** Whether a request to which it gave no part of an answer before it ended goes to another one: not on Lambda when it had this request alone, which then is what ended it. */
  isRepeatable(): boolean;
  /** Calls `run` when the request waits behind one that takes long: it is to go to another process if its answer has not begun. */
  onRecall(run: () => void): void;
};

/** The limits a revision's target puts on one request; `maxResponseBytes` is Infinity where an answer may have any size. `timeoutMs` is for the request to come, and again for a process to answer it. */
export type InvocationLimits = {
  readonly maxRequestBytes: number;
  readonly maxResponseBytes: number;
  readonly timeoutMs: number;
};

/** How many servers of a revision run or start, and how many requests wait for one of them to have room. */
export type Occupancy = { readonly instances: number; readonly waiting: number };

/** What the gateway needs of whatever runs the revisions: limits first, then a process for the request. */
export type RevisionHost = {
  /** Undefined when there is no such revision here. */
  target(revision: string): Target | undefined;
  limits(revision: string): InvocationLimits | undefined;
  occupancy(revision: string): Occupancy | undefined;
  /** A process that takes the request: now, or on Lambda when its turn comes; gives up when `signal` aborts. */
  invoke(
    revision: string,
    signal: AbortSignal,
    company: Company,
  ): Promise<InvocationSlot | InvocationRefusal>;
};

export function refuse(status: InvocationRefusal['status'], error: string): InvocationRefusal {
  return { kind: 'refused', status, error };
}
