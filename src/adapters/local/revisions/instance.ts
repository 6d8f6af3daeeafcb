import type { Timers } from '#adapters/local/concurrency/timers.ts';
import type { ModelServer, Start } from '#adapters/local/servers/model-server.ts';
import type { Clock } from '#ports/clock.ts';
import type { InvocationSlot, Sharing } from './invocation.ts';
import { blame } from './revision.ts';

/** A model server started for requests. While it is quick it takes several at once, else one; with slots it takes one in each, however long that takes. When leaving, it ends after its last request. */
export type Instance = {
  readonly started: Promise<Start>;
  readonly ended: Promise<void>;
  isServing(): boolean;
  /** Whether its server ever became ready, even if it has ended since. */
  isReady(): boolean;
  isLeaving(): boolean;
  /** Whether its server was ended for a request that it did not answer in time. */
  hangs(): boolean;
  inFlight(): number;
  /** Whether its answers so far were so fast that it takes several requests at once. */
  isQuick(): boolean;
  /** Whether it can take one more request now. */
  hasRoom(sharing: Sharing): boolean;
  /** Only call it when there is room. */
  take(sharing: Sharing): InvocationSlot;
  /** When it became idle, by the monotonic clock (ms); undefined while it starts, works or leaves. */
  idleSinceMs(): number | undefined;
  /** Resolves when it has ended; requests in flight may delay that up to their own time limit. */
  leave(): Promise<void>;
  stop(): Promise<void>;
  readonly server: Pick<ModelServer, 'pid' | 'container'>;
};

export type InstanceDeps = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly requestTimeoutMs: number;
  /** The most requests that it takes at once while it is quick. */
  readonly requestsAtOnce: number;
  /** How many it answers side by side; null where one after another. */
  readonly requestSlots: number | null;
  /** Called when it may have room again. */
  readonly onFreed: () => void;
};

/** A request in flight here. */
type Turn = { readonly sinceMs: number; isShared: boolean; recall(): void };

/** Waiting this long is cheaper than starting another process. */
export const QUICK_MS = 50;

// A request behind one that takes a second is better off elsewhere; the slow one then crashes or reaches its limit without harming others.
const LONG_MS = 1_000;

export function instanceOf(revision: string, server: ModelServer, deps: InstanceDeps): Instance {
  const { clock, timers, requestTimeoutMs, requestsAtOnce, requestSlots, onFreed } = deps;
  const longMs = Math.min(LONG_MS, requestTimeoutMs / 2);
  // Oldest first.
  const turns = new Set<Turn>();
  let origin: string | undefined;
  let freeSinceMs = clock.monotonicMs();
  let isLeaving = false;
  let isReserved = false;
  let isWatched = false;
  let hangs = false;
  // One at a time until its answers show that several are answered within 50 ms, so that no request waits behind another of a slow model.
  let room = requestSlots ?? 1;
  let answeredMs = 0;

  const isServing = () => !isLeaving && server.diagnosis() === undefined;
  const isReady = () => origin !== undefined;

  void server.started.then((start) => {
    if (start.kind === 'ready') origin = start.origin;
    freeSinceMs = clock.monotonicMs();
  });

  function hasRoom(sharing: Sharing): boolean {
    if (!isReady() || !isServing()) return false;
    const [oldest] = turns;
    if (!oldest) return true;
    if (sharing === 'alone' || isReserved || turns.size >= room) return false;
    return requestSlots !== null || workedMs(oldest) <= QUICK_MS;
  }

  /** How long the server has worked on this request: it runs one at a time, so from the last answer, if that came later. */
  function workedMs(turn: Turn): number {
    return timers.nowMs() - Math.max(turn.sinceMs, answeredMs);
  }

  /** A server with slots was given their number. A pause of the whole machine counts once, however many requests were in flight, and is forgotten within the next few requests. */
  function learn(turn: Turn): void {
    const tookMs = workedMs(turn);
    answeredMs = timers.nowMs();
    if (requestSlots !== null) return;
    if (tookMs > QUICK_MS) room = 1;
    else if (tookMs * room > QUICK_MS) room -= 1;
    else if (tookMs * (room + 1) <= QUICK_MS) room = Math.min(requestsAtOnce, room + 1);
  }

  /** Recalls the requests that wait behind a slow one. */
  function watch(): void {
    if (isWatched || turns.size < 2 || requestSlots !== null) return;
    isWatched = true;
    timers.after(longMs, () => {
      isWatched = false;
      const [oldest, ...others] = turns;
      const isLong = oldest && workedMs(oldest) >= longMs;
      if (isLong) for (const turn of others) turn.recall();
      watch();
    });
  }

  function giveBack(turn: Turn, outcome: Parameters<InvocationSlot['release']>[0]): void {
    turns.delete(turn);
    isReserved = false;
    freeSinceMs = clock.monotonicMs();
    if (outcome === 'done') learn(turn);
    // The requests in its other slots may still be answered; the last of them shows whether it answers at all.
    const isBlamed = outcome === 'timeout' && (requestSlots === null || turns.size === 0);
    if (isBlamed) {
      hangs = server.diagnosis() === undefined;
      void server.kill(`did not answer in ${requestTimeoutMs} ms`);
    } else if (isLeaving && turns.size === 0) void server.stop();
    onFreed();
  }

  return {
    started: server.started,
    ended: server.ended,
    stop: server.stop,
    server,
    isServing,
    isReady,
    isLeaving: () => isLeaving,
    hangs: () => hangs,
    inFlight: () => turns.size,
    isQuick: () => room > 1,
    hasRoom,
    take(sharing) {
      const turn: Turn = {
        sinceMs: timers.nowMs(),
        isShared: turns.size > 0,
        recall: () => undefined,
      };
      if (turns.size > 0) for (const other of turns) other.isShared = true;
      turns.add(turn);
      isReserved = sharing === 'alone';
      watch();
      return {
        kind: 'slot',
        origin: origin ?? '',
        release: (outcome) => giveBack(turn, outcome),
        diagnosis() {
          const reason = server.diagnosis();
          return reason && blame(revision, reason);
        },
        isRepeatable: () => turn.isShared,
        onRecall(run) {
          turn.recall = run;
        },
      };
    },
    idleSinceMs: () => (isServing() && isReady() && turns.size === 0 ? freeSinceMs : undefined),
    async leave() {
      isLeaving = true;
      if (turns.size === 0) return server.stop();
      const callOff = timers.after(
        requestTimeoutMs,
        () => void server.kill(`was still busy ${requestTimeoutMs} ms after its retirement`),
      );
      await server.ended;
      callOff();
    },
  };
}
