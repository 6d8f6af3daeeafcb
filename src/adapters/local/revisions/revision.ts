import { setTimeout as sleep } from 'node:timers/promises';
import type { Leaving } from '#adapters/local/concurrency/leaving.ts';
import type { Timers } from '#adapters/local/concurrency/timers.ts';
import type { RevisionLog } from '#adapters/local/files/revision-log.ts';
import type { ModelServer, Start } from '#adapters/local/servers/model-server.ts';
import type { IdleServer } from '#adapters/local/servers/server-room.ts';
import type { Clock } from '#ports/clock.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import type { InvocationRefusal, InvocationSlot, Occupancy, Sharing } from './invocation.ts';
import type { RevisionRecord } from './revision-table.ts';

export type State = RevisionRecord['state'];

/** A revision with its servers, run the way its target does. */
export type Revision = {
  readonly spec: RevisionSpec;
  state(): State;
  /** Resolves when its state is decided, it is closed, or `waitMs` has passed. */
  settled(waitMs: number): Promise<void>;
  invoke(signal: Leaving, sharing: Sharing): Promise<InvocationSlot | InvocationRefusal>;
  /** Requests that have a server, or wait for one. */
  inFlight(): number;
  occupancy(): Occupancy;
  /** The number of servers that it keeps running; 0 when they only start on demand. */
  replicas(): number;
  /** Called when it is asked for again: starts it if it is retired. */
  revive(): void;
  /** Ends its servers once their requests have ended. */
  retire(): Promise<void>;
  /** Makes sure that a server is ready. Fails with `RevisionFailed`. */
  start(): Promise<void>;
  /** Does what is due. */
  tend(): Promise<void>;
  /** Its servers that nobody asks now and that start again on demand. */
  idle(): readonly Omit<IdleServer, 'expectedMiB'>[];
  /** Ends its servers, busy or not; a pending state stays pending. */
  close(): Promise<void>;
};

/** Why a server ended by itself or had to be ended: for its memory, since it did not answer, or for anything else. `reason` is a sentence. */
export type ServerEnd = { readonly cause: 'memory' | 'hang' | 'crash'; readonly reason: string };

export type RevisionDeps = {
  start(spec: RevisionSpec): ModelServer;
  readonly log: RevisionLog;
  /** Is told of each server that ended although nobody had told it to, once it has been ready or another takes its place. */
  readonly onEnd: (end: ServerEnd) => void;
  readonly clock: Clock;
  readonly timers: Timers;
  /** The most replicas that it may have now, whatever its scaling says; undefined without such a limit. */
  readonly ceiling: () => number | undefined;
  /** The replica count of each of its model's revisions that has traffic. */
  readonly live: () => readonly number[];
  readonly save: (record: RevisionRecord) => void;
};

// Lines of a failed start that are kept with its reason.
const FAILURE_LINES = 50;

/** The state of a revision whose servers are ready: from spare ones only where each was. */
export function readyState(starts: readonly Extract<Start, { kind: 'ready' }>[]): State {
  const fromSpare = starts.length > 0 && starts.every((start) => start.fromSpare);
  return { kind: 'ready', ...(fromSpare && { fromSpare }) };
}

/** The state of a revision whose server did not start; `reason` is a predicate. */
export async function failedState(
  reason: string,
  { revision }: RevisionSpec,
  log: RevisionLog,
): Promise<State> {
  return {
    kind: 'failed',
    reason: blame(revision, reason),
    logTail: await log.tail(FAILURE_LINES),
  };
}

/** A sentence on why a model server ended, from its predicate. */
export function blame(revision: string, predicate: string): string {
  return `the model server of ${revision} ${predicate}`;
}

/** A revision's record in memory, in sync with the table, and the callers waiting for its decision. */
export function keptRecord(kept: RevisionRecord, save: (record: RevisionRecord) => void) {
  let record = kept;
  let changed = Promise.withResolvers<void>();
  const isPending = () => record.state.kind === 'pending' && !record.isRetired;

  function set(next: RevisionRecord): void {
    record = next;
    changed.resolve();
    changed = Promise.withResolvers();
  }

  return {
    now: () => record,
    /** If it cannot be saved, nothing changes and the caller gets the error. */
    change(change: Partial<Pick<RevisionRecord, 'state' | 'isRetired'>>): void {
      const next = { ...record, ...change };
      save(next);
      set(next);
    },
    decide(state: State): void {
      set({ ...record, state });
      try {
        save(record);
      } catch {
        // The disk is full: it stays pending in the table, and is proven again after a restart.
      }
    },
    async settled(waitMs: number): Promise<void> {
      if (waitMs > 0 && isPending()) await within(waitMs, changed.promise);
    },
    close: () => changed.resolve(),
  };
}

export async function within(waitMs: number, event: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  await Promise.race([event, sleep(waitMs, undefined, { signal: timer.signal })]);
  timer.abort();
}
