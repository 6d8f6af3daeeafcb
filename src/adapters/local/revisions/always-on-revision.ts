import { left } from '#adapters/local/concurrency/leaving.ts';
import { answersInTime } from '#adapters/local/servers/health-watch.ts';
import type { Start } from '#adapters/local/servers/model-server.ts';
import { Failure } from '#domain/failure.ts';
import {
  firstReplicas,
  type Load,
  replicasFor,
  SLICE_MS,
  SLICES_REMEMBERED,
  scaleAt,
} from '#domain/placement/scale.ts';
import { limitedTo } from '#domain/placement/spent.ts';
import { refuse } from './invocation.ts';
import { replicaSet } from './replica-set.ts';
import {
  blame,
  failedState,
  keptRecord,
  type Revision,
  type RevisionDeps,
  readyState,
  within,
} from './revision.ts';
import type { RevisionRecord } from './revision-table.ts';

// A step that retires several revisions has five minutes; requests that take longer end on their own, and then so does their replica.
const LONGEST_RETIREMENT_MS = 30_000;

/**
 * A revision whose replicas always run, like an ECS service: as many as its manifest's `scaling` says, more under load, restarted when they end or hang.
 * It is ready once all of its initial replicas were, and failed as soon as one of them does not start.
 */
export function alwaysOnRevision(
  record: RevisionRecord,
  deps: RevisionDeps & { readonly requestTimeoutMs: number },
): Revision {
  const { spec } = record;
  const { clock, live, log, onEnd, requestTimeoutMs } = deps;
  const launch = () => deps.start(spec);
  const replicas = replicaSet(spec.revision, {
    launch,
    look: (origin) => answersInTime(origin + spec.server.healthPath),
    clock,
    log,
    onEnd,
    requestTimeoutMs,
  });
  const kept = keptRecord(record, deps.save);
  let load = requestSlices(0, clock.monotonicMs());
  let starts: readonly Promise<Start>[] = [];
  let waking: Promise<void> | undefined;
  let isClosed = false;

  const refusal = () => {
    const { state, isRetired } = kept.now();
    if (isClosed) return `${spec.revision} is stopped`;
    if (isRetired) return `${spec.revision} is retired`;
    return state.kind === 'failed' ? state.reason : undefined;
  };

  function begin(): void {
    const first = firstReplicas(live(), scaleAt(spec.scaling, clock.now()));
    load = requestSlices(first, clock.monotonicMs());
    starts = replicas.resize(first);
    if (kept.now().state.kind === 'pending') void prove(starts);
    else waking = wake(starts);
  }

  /** A revision proven before Slipway restarted keeps requests waiting until its replicas run again. */
  async function wake(mine: readonly Promise<Start>[]): Promise<void> {
    await Promise.all(mine);
    waking = undefined;
  }

  async function prove(mine: readonly Promise<Start>[]): Promise<void> {
    const isMine = () => mine === starts && refusal() === undefined;
    const outcome = await outcomeOf(mine);
    if (!isMine()) return;
    if (typeof outcome !== 'string') return kept.decide(readyState(outcome));
    void replicas.stop();
    const state = await failedState(outcome, spec, log);
    if (isMine()) kept.decide(state);
  }

  function scale(): void {
    const seen = load.until(clock.monotonicMs());
    if (!seen) return;
    const limits = limitedTo(scaleAt(spec.scaling, clock.now()), deps.ceiling() ?? null);
    replicas.resize(replicasFor(seen, spec.scaling.requestsPerMinute, limits));
  }

  if (refusal() === undefined) begin();

  return {
    spec,
    state: () =>
      kept.now().isRetired
        ? { kind: 'pending', reason: 'it is retired: nothing is running' }
        : kept.now().state,
    settled: kept.settled,
    async invoke(signal) {
      load.count();
      if (waking) await Promise.race([waking, left(signal)]);
      const reason = refusal();
      return reason === undefined ? replicas.take() : refuse(503, reason);
    },
    inFlight: replicas.inFlight,
    // A replica takes any number of requests.
    occupancy: () => ({ instances: replicas.count(), waiting: 0 }),
    replicas: replicas.count,
    revive() {
      if (!kept.now().isRetired) return;
      const state = { kind: 'pending', reason: 'its replicas are starting again' } as const;
      kept.change({ state, isRetired: false });
      begin();
    },
    async retire() {
      if (!kept.now().isRetired) kept.change({ isRetired: true });
      await within(LONGEST_RETIREMENT_MS, replicas.leave());
    },
    async start() {
      const start = await starts[0];
      const reason = refusal();
      if (reason !== undefined) throw new Failure('RevisionFailed', reason);
      if (start && start.kind !== 'ready') {
        throw new Failure('RevisionFailed', blame(spec.revision, start.reason));
      }
    },
    async tend() {
      replicas.tend();
      if (refusal() === undefined && kept.now().state.kind === 'ready') scale();
    },
    idle: () => [],
    async close() {
      isClosed = true;
      kept.close();
      await replicas.stop();
    },
  };
}

type ReadyStart = Extract<Start, { kind: 'ready' }>;

/** The reason of the first replica that fails to start; else the starts of all. */
async function outcomeOf(
  starts: readonly Promise<Start>[],
): Promise<string | readonly ReadyStart[]> {
  const ready = starts.map(async (start): Promise<ReadyStart> => {
    const outcome = await start;
    return outcome.kind === 'ready' ? outcome : Promise.reject(outcome.reason);
  });
  return Promise.all(ready).catch((reason: string) => reason);
}

/** Counts requests in the time slices that scaling looks at, starting with `first` replicas. */
function requestSlices(first: number, startMs: number) {
  let slices: readonly number[] = [];
  let current = 0;
  let endMs = startMs + SLICE_MS;
  return {
    count() {
      current += 1;
    },
    /** The slices that have ended; undefined when none has since the last look. */
    until(nowMs: number): Load | undefined {
      if (nowMs < endMs) return undefined;
      slices = [...slices, current].slice(-SLICES_REMEMBERED);
      current = 0;
      endMs = nowMs + SLICE_MS;
      return { first, slices };
    },
  };
}
