import { Failure } from '#domain/failure.ts';
import { mechanismOf, type Target } from '#domain/placement/target.ts';
import type { LogLine, LogQuery, Platform, RevisionSpec, RevisionState } from '#ports/platform.ts';
import type { FakeClock } from '../clock/fake-clock.ts';
import { memoryFence } from './fence.ts';

/** How a revision comes out: it serves, fails with its last lines, or hangs until its startup timeout. */
export type Fate =
  | { readonly kind: 'serves' }
  | { readonly kind: 'fails'; readonly reason: string; readonly logTail: readonly string[] }
  | { readonly kind: 'hangs' };

export type MemoryPlatform = Platform & {
  /** Sets the fate of a revision that is created from now on; by default it serves. */
  foresee(revision: string, fate: Fate): void;
  /** The next calls fail with `PlatformThrottled`, without an effect. */
  throttle(calls: number): void;
  /** The next calls have their effect and fail with `PlatformUnavailable`: the reply is lost. */
  loseReplies(calls: number): void;
  setInFlight(revision: string, requests: number): void;
  /** Starts nothing for a revision until `makeRoom`. */
  keepWaiting(revision: string, reason: string): void;
  /** It starts now, and is ready after `startMs`, else after the platform's usual time. */
  makeRoom(revision: string, startMs?: number): void;
  /** The revisions there are, in the order of their creation. */
  existing(): readonly string[];
  spec(revision: string): RevisionSpec | undefined;
  /** The revisions with a server that runs. */
  running(): readonly string[];
  /** The revisions that are ready. */
  ready(): readonly string[];
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

export type MemoryPlatformOptions = {
  readonly clock: FakeClock;
  readonly pendingMs: number;
  /** The target, by default Lambda. A retired revision of Lambda stays ready for requests; one in containers has to be started again. */
  readonly target?: Target;
};

/** A platform in virtual time: a revision is pending for `pendingMs`, and waiting for it moves the clock. */
export function memoryPlatform(options: MemoryPlatformOptions): MemoryPlatform {
  const { clock, pendingMs, target = 'lambda' } = options;
  const fence = memoryFence();
  const revisions = new Map<string, Revision>();
  const fates = new Map<string, Fate>();
  const starts = new Map<string, number>();
  const waiting = new Map<string, string>();
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

  function change(model: string, epoch: number, work: () => void): Promise<void> {
    return call(() => {
      fence.pass(model, epoch);
      work();
    });
  }

  /** Containers that are retired do not run until they are created again. */
  const isStopped = ({ isRetired }: Revision) =>
    isRetired && mechanismOf({ target }) === 'container';

  function create(spec: RevisionSpec): void {
    const known = revisions.get(spec.revision);
    const owner = known?.spec.deploymentId ?? spec.deploymentId;
    if (owner !== spec.deploymentId) {
      throw new Failure(
        'RevisionFailed',
        `${spec.revision} already exists and belongs to deployment ${owner}`,
      );
    }
    if (known && !isStopped(known)) {
      known.isRetired = false;
      return;
    }
    const fate = fates.get(spec.revision) ?? { kind: 'serves' };
    const delayMs = fate.kind === 'hangs' ? spec.startupTimeoutSeconds * 1000 : pendingMs;
    revisions.set(spec.revision, {
      spec,
      dueMs: clock.monotonicMs() + delayMs,
      outcome: outcomeOf(fate, spec),
      isRetired: false,
      inFlight: 0,
    });
    starts.set(spec.revision, (starts.get(spec.revision) ?? 0) + 1);
  }

  function stateOf(revision: Revision | undefined): RevisionState {
    if (!revision) return { kind: 'absent' };
    const reason = waiting.get(revision.spec.revision);
    if (reason !== undefined) return { kind: 'pending', reason, isWaiting: true };
    if (isStopped(revision)) return { kind: 'pending', reason: 'it is retired' };
    const isPending = clock.monotonicMs() < revision.dueMs;
    return isPending ? { kind: 'pending', reason: 'its first instance starts' } : revision.outcome;
  }

  function describe(name: string, waitMs: number): RevisionState {
    const revision = revisions.get(name);
    const isUnderWay = revision && !isStopped(revision);
    const leftMs = isUnderWay ? Math.max(0, revision.dueMs - clock.monotonicMs()) : 0;
    clock.advance(Math.min(waitMs, leftMs));
    return stateOf(revision);
  }

  function retire(name: string): void {
    const revision = revisions.get(name);
    if (!revision) return;
    revision.isRetired = true;
    revision.inFlight = 0;
  }

  function logTail(name: string, { lines }: LogQuery): readonly LogLine[] {
    const state = stateOf(revisions.get(name));
    const texts = state.kind === 'failed' && lines > 0 ? state.logTail.slice(-lines) : [];
    return texts.map((text) => ({ timeMs: clock.now(), text }));
  }

  const isRunning = (revision: Revision) =>
    !revision.isRetired && stateOf(revision).kind !== 'failed';

  return {
    create: (spec, epoch) => change(spec.model, epoch, () => create(spec)),
    describe: (name, { waitMs }) => call(() => describe(name, waitMs)),
    drainSeconds: (name) => call(() => (revisions.get(name)?.inFlight ? 1 : 0)),
    retire: (name, epoch) => change(modelOf(name), epoch, () => retire(name)),
    remove: (name, epoch) => change(modelOf(name), epoch, () => void revisions.delete(name)),
    forget: (model, epoch) => change(model, epoch, () => {}),
    revisions: () => call(() => [...revisions.values()].map(({ spec }) => nameOf(spec))),
    logTail: (name, query) => call(() => logTail(name, query)),
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
    keepWaiting: (name, reason) => void waiting.set(name, reason),
    makeRoom(name, startMs = pendingMs) {
      const revision = revisions.get(name);
      waiting.delete(name);
      if (revision) revisions.set(name, { ...revision, dueMs: clock.monotonicMs() + startMs });
    },
    existing: () => [...revisions.keys()],
    spec: (name) => revisions.get(name)?.spec,
    running: () => [...revisions.keys()].filter((name) => isRunning(revisions.get(name)!)),
    ready: () =>
      [...revisions.keys()].filter((name) => stateOf(revisions.get(name)).kind === 'ready'),
    starts: (name) => starts.get(name) ?? 0,
  };
}

const nameOf = ({ revision, model }: RevisionSpec) => ({ revision, model });

const modelOf = (revision: string) => revision.replace(/-v\d+$/, '');

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
