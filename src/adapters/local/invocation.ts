/** Why a revision gave no process for a request, as the gateway's status: 404 no such revision, 429 at its concurrency limit, 502 its process died at once, 503 stopped, 504 not ready in time. */
export type InvocationRefusal = {
  readonly kind: 'refused';
  readonly status: 404 | 429 | 502 | 503 | 504;
  readonly error: string;
};

/** A process that is this request's alone until `release`, which must be called exactly once, however the request ends. */
export type InvocationSlot = {
  readonly kind: 'slot';
  /** Where the process listens, `http://127.0.0.1:PORT`. */
  readonly origin: string;
  /** `timeout`: the request outlived its limit, and the process is ended as Lambda would end it. */
  release(outcome: 'done' | 'aborted' | 'timeout'): void;
  /** Why the process ended, when it did during this request (out of memory, crash); undefined while it lives. */
  diagnosis(): string | undefined;
};

/** The limits a revision's target puts on one request. */
export type InvocationLimits = {
  readonly maxRequestBytes: number;
  readonly maxResponseBytes: number;
  readonly timeoutMs: number;
};

/** What the gateway needs of whatever runs the revisions: limits first, then a process for the request. */
export type RevisionHost = {
  /** Undefined when there is no such revision here. */
  limits(revision: string): InvocationLimits | undefined;
  /** A free process, or one that is started for it; gives up when `signal` aborts. */
  invoke(revision: string, signal: AbortSignal): Promise<InvocationSlot | InvocationRefusal>;
};
