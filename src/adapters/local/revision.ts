import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '#ports/clock.ts';
import { blame, type InstanceLimits, type InstancePool, instancePool } from './instance-pool.ts';
import type { InvocationRefusal, InvocationSlot } from './invocation.ts';
import type { ModelServer } from './model-server.ts';
import type { RevisionLog } from './revision-log.ts';
import type { RevisionRecord } from './revision-table.ts';

type State = RevisionRecord['state'];

// Lines of a failed start that are kept with its reason.
const FAILURE_LINES = 50;

/** A revision with its instances; the first one decides whether it is ready or failed. */
export type Revision = Pick<InstancePool, 'inFlight' | 'retire' | 'reap'> & {
  readonly deploymentId: string;
  state(): State;
  /** Resolves when the revision is no longer pending, is closed, or `waitMs` is over. */
  settled(waitMs: number): Promise<void>;
  invoke(signal: AbortSignal): Promise<InvocationSlot | InvocationRefusal>;
  /** Ends all its instances; one that is pending stays undecided. */
  close(): Promise<void>;
};

type Deps = {
  readonly launch: () => ModelServer;
  readonly log: RevisionLog;
  readonly clock: Clock;
  readonly limits: InstanceLimits;
  readonly save: (record: RevisionRecord) => void;
};

export function openRevision({ spec, state: kept }: RevisionRecord, deps: Deps): Revision {
  const pool = instancePool(spec.revision, deps);
  const settled = Promise.withResolvers<void>();
  let state = kept;
  let isClosed = false;

  async function prove(): Promise<void> {
    const outcome = await firstStart();
    if (isClosed) return;
    state = outcome;
    settled.resolve();
    try {
      deps.save({ spec, state });
    } catch {
      // With the disk full it stays pending in the record, and is proven again after a restart.
    }
  }

  async function firstStart(): Promise<State> {
    const start = await pool.warm();
    if (start.kind === 'ready') return { kind: 'ready' };
    const reason = blame(spec.revision, start.reason);
    return { kind: 'failed', reason, logTail: await deps.log.tail(FAILURE_LINES) };
  }

  if (state.kind === 'pending') void prove();

  return {
    deploymentId: spec.deploymentId,
    inFlight: pool.inFlight,
    retire: pool.retire,
    reap: pool.reap,
    state: () => state,
    async settled(waitMs) {
      if (state.kind === 'pending') await within(waitMs, settled.promise);
    },
    async invoke(signal) {
      if (state.kind === 'failed') return { kind: 'refused', status: 502, error: state.reason };
      return pool.invoke(signal);
    },
    async close() {
      isClosed = true;
      settled.resolve();
      await pool.close();
    },
  };
}

async function within(waitMs: number, event: Promise<void>): Promise<void> {
  const timer = new AbortController();
  await Promise.race([event, sleep(waitMs, undefined, { signal: timer.signal })]);
  timer.abort();
}
