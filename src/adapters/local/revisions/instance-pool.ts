import type { Leaving } from '#adapters/local/concurrency/leaving.ts';
import type { Timers } from '#adapters/local/concurrency/timers.ts';
import { waitingLine } from '#adapters/local/concurrency/waiting-line.ts';
import type { RevisionLog } from '#adapters/local/files/revision-log.ts';
import { type ModelServer, STOPPED, type Start } from '#adapters/local/servers/model-server.ts';
import type { IdleServer } from '#adapters/local/servers/server-room.ts';
import type { Clock } from '#ports/clock.ts';
import { type Instance, instanceOf, QUICK_MS } from './instance.ts';
import {
  type InvocationRefusal,
  type InvocationSlot,
  type Occupancy,
  refuse,
  type Sharing,
} from './invocation.ts';
import { blame, type ServerEnd } from './revision.ts';

export type InstanceLimits = {
  /** The most instances of one revision that serve at once. */
  readonly maxInstances: number;
  readonly idleSeconds: number;
  readonly requestTimeoutMs: number;
};

export type InstancePool = {
  /** The oldest instance with room, or, after waiting in line, the first to have room; refused when too many wait, or none had room within the request's time limit. */
  invoke(signal: Leaving, sharing: Sharing): Promise<InvocationSlot | InvocationRefusal>;
  /** Starts an instance ahead of requests. */
  warm(): Promise<Start>;
  /** Requests that have an instance, or wait for one. */
  inFlight(): number;
  occupancy(): Occupancy;
  /** Ends each current instance once its requests have ended; does not affect instances started later. */
  retire(): Promise<void>;
  /** Ends the instances that have been idle for too long. */
  reap(): Promise<void>;
  /** The instances that nobody asks now. */
  idle(): readonly Omit<IdleServer, 'expectedMiB'>[];
  /** Ends all instances, busy or not, and starts no more. */
  close(): Promise<void>;
};

type Deps = {
  readonly launch: () => ModelServer;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly limits: InstanceLimits;
  /** The most instances now, where that is less. */
  readonly ceiling: () => number | undefined;
  readonly requestsAtOnce: number;
  readonly requestSlots: number | null;
  /** Is told why a server ended. */
  readonly log: Pick<RevisionLog, 'append'>;
  readonly onEnd: (end: ServerEnd) => void;
};

type Turn = InvocationSlot | InvocationRefusal;

/** Lambda's default concurrency limit of an account. */
export const MOST_WAITING = 1_000;

// A start takes a few hundred milliseconds of the machine's time, so it only helps requests that would wait longer than that.
const LONG_WAIT_MS = 500;
const FAILED_START_PAUSE_MS = 10_000;

/** The instances of one revision: started on demand, given a few requests at once, stopped when idle. A request that Lambda would give to one more of its thousand instances waits for its turn here. */
export function instancePool(revision: string, deps: Deps): InstancePool {
  const { launch, clock, timers, limits, requestsAtOnce, requestSlots, log, onEnd } = deps;
  const instances = new Set<Instance>();
  const line = waitingLine<Sharing, Turn>(timers);
  let isClosed = false;
  let isWatched = false;
  let lastTurnMs = timers.nowMs();
  let startsAgainMs = lastTurnMs;
  let first: Instance | undefined;

  const serving = () => [...instances].filter((instance) => instance.isServing());
  const ready = () => serving().filter((instance) => instance.isReady());
  const all = async (end: (instance: Instance) => Promise<void>, chosen: Iterable<Instance>) => {
    await Promise.all([...chosen].map(end));
  };

  function add(): Instance {
    const { requestTimeoutMs } = limits;
    const server = launch();
    const instance = instanceOf(revision, server, {
      clock,
      timers,
      requestTimeoutMs,
      requestsAtOnce,
      requestSlots,
      onFreed: giveTurns,
    });
    instances.add(instance);
    void instance.started.then((start) => {
      if (start.kind !== 'ready' && !instance.isLeaving()) startFailed(start);
      else giveTurns();
    });
    void instance.ended.then(() => {
      instances.delete(instance);
      note(instance, server);
      if (instance.isReady()) giveTurns();
    });
    return instance;
  }

  function note(instance: Instance, server: ModelServer): void {
    const reason = server.diagnosis() ?? 'ended';
    // Why the first start failed is told with the state of the revision; who was stopped ended as planned.
    const isToldElsewhere = instance === first && !instance.isReady();
    if (isToldElsewhere || reason === STOPPED) return;
    say(reason);
    if (instance.isLeaving()) return;
    const other = instance.hangs() ? 'hang' : 'crash';
    onEnd({
      cause: server.isOutOfMemory() ? 'memory' : other,
      reason: blame(revision, reason),
    });
  }

  const say = (reason: string) =>
    void log.append(Buffer.from(`slipway: ${blame(revision, reason)}\n`));

  function reap(): Promise<void> {
    const overdue = serving().filter(isOverdue);
    if (overdue.length > 0) say(`was stopped after ${limits.idleSeconds} s without a request`);
    return all((instance) => instance.leave(), overdue);
  }

  function idleOf(instance: Instance): readonly Omit<IdleServer, 'expectedMiB'>[] {
    const sinceMs = instance.idleSinceMs();
    if (sinceMs === undefined) return [];
    const end = () => {
      say('was stopped while nobody asked it: memory is short');
      return instance.leave();
    };
    return [{ sinceMs, server: instance.server, end }];
  }

  /** The line keeps waiting while other instances serve, or may yet. */
  function startFailed({ kind, reason }: Exclude<Start, { readonly kind: 'ready' }>): void {
    startsAgainMs = timers.nowMs() + FAILED_START_PAUSE_MS;
    if (serving().length > 0) giveTurns();
    else line.callAll(refuse(kind === 'late' ? 504 : 502, blame(revision, reason)));
  }

  /** From the oldest instance with room: its code is the warmest, and surplus instances become idle and stop. */
  function take(sharing: Sharing): InvocationSlot | undefined {
    for (const instance of instances) {
      if (!instance.hasRoom(sharing)) continue;
      lastTurnMs = timers.nowMs();
      return instance.take(sharing);
    }
    return undefined;
  }

  function giveTurns(): void {
    for (let first = line.first(); first; first = line.first()) {
      const slot = take(first.kind);
      if (!slot) break;
      first.call(slot);
    }
    if (isClosed || line.size() === 0) return;
    if (serving().length === 0) add();
    watch();
  }

  function watch(): void {
    if (isWatched || isClosed || line.size() === 0) return;
    isWatched = true;
    timers.after(QUICK_MS, () => {
      isWatched = false;
      if (isBehind()) add();
      watch();
    });
  }

  /** Whether the ready instances do not keep up: no turn came for a while and none of them is quick, or some requests wait too long. */
  function isBehind(): boolean {
    const answering = ready();
    const all = serving().length;
    const most = Math.min(limits.maxInstances, deps.ceiling() ?? limits.maxInstances);
    const mayStart = !isClosed && all < most && timers.nowMs() >= startsAgainMs;
    const isEnough = answering.length === 0 || line.size() <= all - answering.length;
    if (!mayStart || isEnough) return false;
    const waitedMs = timers.nowMs() - (line.first()?.sinceMs ?? timers.nowMs());
    const isStill = timers.nowMs() - lastTurnMs >= QUICK_MS;
    return waitedMs >= LONG_WAIT_MS || (isStill && !answering.some((it) => it.isQuick()));
  }

  async function wait(signal: Leaving, sharing: Sharing): Promise<Turn> {
    const waiting = line.join({
      kind: sharing,
      // A retried request has already waited once.
      isUrgent: sharing === 'alone',
      signal,
      patienceMs: limits.requestTimeoutMs,
      // While none is ready, the start's own limit applies.
      staysOn: () => ready().length === 0,
    });
    giveTurns();
    const turn = await waiting;
    if (turn === 'left')
      return refuse(504, `${revision} was not ready within the time limit of the request`);
    return turn === 'late' ? refuse(504, tooLate()) : turn;
  }

  const tooLate = () =>
    `${revision} was busy with other requests for ${limits.requestTimeoutMs / 1_000} s`;

  function isOverdue(instance: Instance): boolean {
    const sinceMs = instance.idleSinceMs();
    return sinceMs !== undefined && clock.monotonicMs() - sinceMs >= limits.idleSeconds * 1000;
  }

  return {
    async invoke(signal, sharing) {
      if (isClosed) return refuse(503, `${revision} is stopped`);
      const slot = line.size() === 0 ? take(sharing) : undefined;
      if (slot) return slot;
      return sharing === 'shared' && line.size() >= MOST_WAITING
        ? { ...refuse(503, full(revision)), retryAfterSeconds: 1 }
        : wait(signal, sharing);
    },
    warm() {
      first = add();
      return first.started;
    },
    inFlight: () =>
      [...instances].reduce((sum, instance) => sum + instance.inFlight(), line.size()),
    occupancy: () => ({ instances: serving().length, waiting: line.size() }),
    retire: () => all((instance) => instance.leave(), instances),
    reap,
    idle: () => serving().flatMap(idleOf),
    async close() {
      isClosed = true;
      line.callAll(refuse(503, `${revision} is stopped`));
      await all((instance) => instance.stop(), instances);
    },
  };
}

function full(revision: string): string {
  return `${MOST_WAITING} requests are waiting for ${revision}, which is the limit`;
}
