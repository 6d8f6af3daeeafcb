import { setTimeout as sleep } from 'node:timers/promises';
import type { ModelServer } from '#adapters/local/servers/model-server.ts';
import type { Timers } from '#adapters/local/timers.ts';
import type { Clock } from '#ports/clock.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import type { Company, InvocationRefusal, InvocationSlot, Occupancy } from './invocation.ts';
import type { RevisionLog } from './revision-log.ts';
import type { RevisionRecord } from './revision-table.ts';

export type State = RevisionRecord['state'];

/** A revision with its servers, kept as its target keeps them. */
export type Revision = {
  readonly spec: RevisionSpec;
  state(): State;
  /** Resolves when nothing is undecided any more, it is closed, or `waitMs` is over. */
  settled(waitMs: number): Promise<void>;
  invoke(signal: AbortSignal, company: Company): Promise<InvocationSlot | InvocationRefusal>;
  /** Requests that have a server, or wait for one. */
  inFlight(): number;
  occupancy(): Occupancy;
  /** How many servers it keeps running; 0 where they only start for requests. */
  replicas(): number;
  /** It is asked for again: starts if it is retired. */
  revive(): void;
  /** Ends its servers once their requests have ended. */
  retire(): Promise<void>;
  /** Has a server ready for requests. Fails with `RevisionFailed`. */
  start(): Promise<void>;
  /** Does what is due. */
  tend(): Promise<void>;
  /** Ends its servers, busy or not; what is undecided stays so. */
  close(): Promise<void>;
};

export type RevisionDeps = {
  start(spec: RevisionSpec): ModelServer;
  readonly log: RevisionLog;
  readonly clock: Clock;
  readonly timers: Timers;
  /** The replicas of each revision of its model that has traffic. */
  readonly live: () => readonly number[];
  readonly save: (record: RevisionRecord) => void;
};

// Lines of a failed start that are kept with its reason.
const FAILURE_LINES = 50;

export const READY: State = { kind: 'ready' };

/** The state of a revision whose server, by this predicate, did not start. */
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

/** A sentence of why a model server ended, from its predicate. */
export function blame(revision: string, predicate: string): string {
  return `the model server of ${revision} ${predicate}`;
}

/** The record of a revision in memory, in step with the table, and who waits for it to be decided. */
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
    /** When it cannot be saved nothing has changed, and the caller is told. */
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
        // With the disk full it stays pending in the table, and is proven again after a restart.
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
