import type { Target } from '#domain/target.ts';

/** Why a revision gave no process for a request, as the gateway's status: 404 no such revision, 429 at its concurrency limit, 502 its process died at once, 503 stopped or without a ready replica, 504 not ready in time. */
export type InvocationRefusal = {
  readonly kind: 'refused';
  readonly status: 404 | 429 | 502 | 503 | 504;
  readonly error: string;
};

/** A process's time for one request until `release`, which must be called exactly once, however the request ends. On Lambda the process is this request's alone. */
export type InvocationSlot = {
  readonly kind: 'slot';
  /** Where the process listens, `http://127.0.0.1:PORT`. */
  readonly origin: string;
  /** `timeout`: the request outlived its limit, for which Lambda ends the process. */
  release(outcome: 'done' | 'aborted' | 'timeout'): void;
  /** Why the process ended, when it did during this request (out of memory, crash); undefined while it lives. */
  diagnosis(): string | undefined;
};

/** The limits a revision's target puts on one request; `maxResponseBytes` is Infinity where an answer may have any size. */
export type InvocationLimits = {
  readonly maxRequestBytes: number;
  readonly maxResponseBytes: number;
  readonly timeoutMs: number;
};

/** What the gateway needs of whatever runs the revisions: limits first, then a process for the request. */
export type RevisionHost = {
  /** Undefined when there is no such revision here. */
  target(revision: string): Target | undefined;
  limits(revision: string): InvocationLimits | undefined;
  /** A process that takes the request now, or on Lambda one that is started for it; gives up when `signal` aborts. */
  invoke(revision: string, signal: AbortSignal): Promise<InvocationSlot | InvocationRefusal>;
};

export function refuse(status: InvocationRefusal['status'], error: string): InvocationRefusal {
  return { kind: 'refused', status, error };
}
