import { Failure } from '#domain/failure.ts';
import type { Platform, RevisionSpec, RevisionState } from '#ports/platform.ts';
import type { FakeClock } from './fake-clock.ts';

/** How a revision comes out: it serves, fails with its last lines, or hangs until its startup timeout. */
export type Fate =
  | { readonly kind: 'serves' }
  | { readonly kind: 'fails'; readonly reason: string; readonly logTail: readonly string[] }
  | { readonly kind: 'hangs' };

export type MemoryPlatform = Platform & {
  /** What becomes of a revision that is created from now on; without a word it serves. */
  foresee(revision: string, fate: Fate): void;
  /** The next calls fail with `PlatformThrottled`, without an effect. */
  throttle(calls: number): void;
  /** The next calls have their effect and fail with `PlatformUnavailable`: the reply is lost. */
  loseReplies(calls: number): void;
  setInFlight(revision: string, requests: number): void;
  /** The revisions there are, in the order of their creation. */
  existing(): readonly string[];
  /** Those with a server that runs. */
  running(): readonly string[];
  /** How many servers were ever started for it. */
  starts(revision: string): number;
};

type Revision = {
  readonly spec: RevisionSpec;
  readonly dueMs: number;
  readonly outcome: Exclude<RevisionState, { readonly kind: 'absent' | 'pending' }>;
  isRetired: boolean;
  inFlight: number;
};

/** A platform in virtual time: a revision is pending for `pendingMs`, and waiting for it moves the clock. */
export function memoryPlatform({
  clock,
  pendingMs,
}: {
  readonly clock: FakeClock;
  readonly pendingMs: number;
}): MemoryPlatform {
  const revisions = new Map<string, Revision>();
  const fates = new Map<string, Fate>();
  const starts = new Map<string, number>();
  let throttled = 0;
  let lost = 0;

  async function call<T>(work: () => T): Promise<T> {
    if (throttled > 0) {
      throttled -= 1;
      throw new Failure('PlatformThrottled', 'the platform takes no more calls this second');
    }
    const result = work();
    if (lost === 0) return result;
    lost -= 1;
    throw new Failure('PlatformUnavailable', 'the connection closed before an answer');
  }

  function create(spec: RevisionSpec): void {
    const known = revisions.get(spec.revision);
    if (known?.spec.deploymentId === spec.deploymentId) return;
    if (known) {
      const owner = known.spec.deploymentId;
      throw new Failure('RevisionFailed', `${spec.revision} is of deployment ${owner}`);
    }
    const fate = fates.get(spec.revision) ?? { kind: 'serves' };
    const delayMs = fate.kind === 'hangs' ? spec.startupTimeoutSeconds * 1000 : pendingMs;
    revisions.set(spec.revision, {
      spec,
      dueMs: clock.now() + delayMs,
      outcome: outcomeOf(fate, spec),
      isRetired: false,
      inFlight: 0,
    });
    starts.set(spec.revision, (starts.get(spec.revision) ?? 0) + 1);
  }

  function stateOf(revision: Revision | undefined): RevisionState {
    if (!revision) return { kind: 'absent' };
    const isPending = clock.now() < revision.dueMs;
    return isPending ? { kind: 'pending', reason: 'its first instance starts' } : revision.outcome;
  }

  function describe(name: string, waitMs: number): RevisionState {
    const revision = revisions.get(name);
    const leftMs = Math.max(0, (revision?.dueMs ?? 0) - clock.now());
    clock.advance(Math.min(waitMs, leftMs));
    return stateOf(revision);
  }

  function retire(name: string): void {
    const revision = revisions.get(name);
    if (!revision) return;
    revision.isRetired = true;
    revision.inFlight = 0;
  }

  function logTail(name: string, lines: number): readonly string[] {
    const state = stateOf(revisions.get(name));
    return state.kind === 'failed' && lines > 0 ? state.logTail.slice(-lines) : [];
  }

  const isRunning = (revision: Revision) =>
    !revision.isRetired && stateOf(revision).kind !== 'failed';

  return {
    create: (spec) => call(() => create(spec)),
    describe: (name, { waitMs }) => call(() => describe(name, waitMs)),
    drainSeconds: (name) => call(() => (revisions.get(name)?.inFlight ? 1 : 0)),
    retire: (name) => call(() => retire(name)),
    remove: (name) => call(() => void revisions.delete(name)),
    logTail: (name, lines) => call(() => logTail(name, lines)),
    foresee: (name, fate) => void fates.set(name, fate),
    throttle: (calls) => {
      throttled = calls;
    },
    loseReplies: (calls) => {
      lost = calls;
    },
    setInFlight(name, requests) {
      const revision = revisions.get(name);
      if (revision) revision.inFlight = requests;
    },
    existing: () => [...revisions.keys()],
    running: () => [...revisions].flatMap(([name, it]) => (isRunning(it) ? [name] : [])),
    starts: (name) => starts.get(name) ?? 0,
  };
}

function outcomeOf(fate: Fate, spec: RevisionSpec): Revision['outcome'] {
  switch (fate.kind) {
    case 'serves':
      return { kind: 'ready' };
    case 'fails':
      return { kind: 'failed', reason: fate.reason, logTail: fate.logTail };
    case 'hangs':
      return {
        kind: 'failed',
        reason: `${spec.revision} was not ready in ${spec.startupTimeoutSeconds} s`,
        logTail: [],
      };
  }
}
