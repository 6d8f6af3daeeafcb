import type { Leaving } from '#adapters/local/concurrency/leaving.ts';
import { RUNTIMES } from '#domain/build/runtime.ts';
import { Failure } from '#domain/failure.ts';
import { type InstanceLimits, instancePool } from './instance-pool.ts';
import { refuse, type Sharing } from './invocation.ts';
import {
  failedState,
  keptRecord,
  type Revision,
  type RevisionDeps,
  readyState,
} from './revision.ts';
import type { RevisionRecord } from './revision-table.ts';

/** A revision whose instances start on demand, as on Lambda; the first one decides whether it is ready or failed. */
export function onDemandRevision(
  record: RevisionRecord,
  deps: RevisionDeps & { readonly limits: InstanceLimits },
): Revision {
  const { spec } = record;
  const pool = instancePool(spec.revision, {
    ...deps,
    launch: () => deps.start(spec),
    requestsAtOnce: RUNTIMES[spec.runtime].requestsAtOnce,
    requestSlots: spec.requestSlots,
  });
  const kept = keptRecord(record, deps.save);
  let isClosed = false;

  async function prove(): Promise<void> {
    const start = await pool.warm();
    const state =
      start.kind === 'ready'
        ? readyState([start])
        : await failedState(start.reason, spec, deps.log);
    if (!isClosed) kept.decide(state);
  }

  async function invoke(signal: Leaving, sharing: Sharing) {
    const { state } = kept.now();
    return state.kind === 'failed' ? refuse(502, state.reason) : pool.invoke(signal, sharing);
  }

  if (record.state.kind === 'pending') void prove();

  return {
    spec,
    state: () => kept.now().state,
    settled: kept.settled,
    invoke,
    inFlight: pool.inFlight,
    occupancy: pool.occupancy,
    replicas: () => 0,
    // Like a published version, it stays available for requests.
    revive: () => undefined,
    retire: pool.retire,
    async start() {
      const instance = await invoke(new AbortController().signal, 'shared');
      if (instance.kind === 'refused') throw new Failure('RevisionFailed', instance.error);
      instance.release('done');
    },
    tend: pool.reap,
    idle: pool.idle,
    async close() {
      isClosed = true;
      kept.close();
      await pool.close();
    },
  };
}
