import type { ModelServer, Start } from '#adapters/local/servers/model-server.ts';
import type { Timers } from '#adapters/local/timers.ts';
import type { Clock } from '#ports/clock.ts';
import type { Company, InvocationSlot } from './invocation.ts';
import { blame } from './revision.ts';

/** A model server that is started for requests and answers some at once while it is quick, else one. Leaving, it ends with its last one. */
export type Instance = {
  readonly started: Promise<Start>;
  readonly ended: Promise<void>;
  isServing(): boolean;
  /** Whether its server got ready; also of one that has ended since. */
  isReady(): boolean;
  isLeaving(): boolean;
  inFlight(): number;
  /** Whether its answers so far took so little that it has several requests at once. */
  isQuick(): boolean;
  /** Whether it takes one more request now. */
  hasRoom(company: Company): boolean;
  /** Only where it has room. */
  take(company: Company): InvocationSlot;
  /** Since when it has had nothing to do, epoch ms; undefined while it starts, works or leaves. */
  idleSinceMs(): number | undefined;
  /** Resolves when it has ended, which requests in flight may delay up to their own time limit. */
  leave(): Promise<void>;
  stop(): Promise<void>;
};

export type InstanceDeps = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly requestTimeoutMs: number;
  /** The most requests that it has at once. */
  readonly requestsAtOnce: number;
  /** Told when it may have room again. */
  readonly onFreed: () => void;
};

/** One request that it has. */
type Turn = { readonly sinceMs: number; isShared: boolean; recall(): void };

/** Who is answered within this time waits less than a further process takes to start. */
export const QUICK_MS = 50;

// Who waits behind one that takes a second is better off anywhere else; the one that takes it then ends, by a crash or by its limit, with no other.
const LONG_MS = 1_000;

export function instanceOf(revision: string, server: ModelServer, deps: InstanceDeps): Instance {
  const { clock, timers, requestTimeoutMs, requestsAtOnce, onFreed } = deps;
  const longMs = Math.min(LONG_MS, requestTimeoutMs / 2);
  // Oldest first.
  const turns = new Set<Turn>();
  let origin: string | undefined;
  let freeSinceMs = clock.now();
  let isLeaving = false;
  let isReserved = false;
  let isWatched = false;
  // One at a time until answers have shown that more are answered within 50 ms, so that of a model that takes long nobody waits behind another.
  let room = 1;
  let answeredMs = 0;

  const isServing = () => !isLeaving && server.diagnosis() === undefined;
  const isReady = () => origin !== undefined;

  void server.started.then((start) => {
    if (start.kind === 'ready') origin = start.origin;
    freeSinceMs = clock.now();
  });

  function hasRoom(company: Company): boolean {
    if (!isReady() || !isServing()) return false;
    const [oldest] = turns;
    if (!oldest) return true;
    if (company === 'alone' || isReserved || turns.size >= room) return false;
    return workedMs(oldest) <= QUICK_MS;
  }

  /** How long the server has worked on this one: it runs one at a time, so from the last answer on, if that came later. */
  function workedMs(turn: Turn): number {
    return timers.nowMs() - Math.max(turn.sinceMs, answeredMs);
  }

  /** A pause of the whole machine counts once, however many requests were there, and is forgotten by the next few. */
  function learn(turn: Turn): void {
    const tookMs = workedMs(turn);
    answeredMs = timers.nowMs();
    if (tookMs > QUICK_MS) room = 1;
    else if (tookMs * room > QUICK_MS) room -= 1;
    else if (tookMs * (room + 1) <= QUICK_MS) room = Math.min(requestsAtOnce, room + 1);
  }

  /** Sends those away that wait behind one that takes long. */
  function watch(): void {
    if (isWatched || turns.size < 2) return;
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
    freeSinceMs = clock.now();
    if (outcome === 'done') learn(turn);
    if (outcome === 'timeout') void server.kill(`did not answer in ${requestTimeoutMs} ms`);
    else if (isLeaving && turns.size === 0) void server.stop();
    onFreed();
  }

  return {
    started: server.started,
    ended: server.ended,
    stop: server.stop,
    isServing,
    isReady,
    isLeaving: () => isLeaving,
    inFlight: () => turns.size,
    isQuick: () => room > 1,
    hasRoom,
    take(company) {
      const turn: Turn = {
        sinceMs: timers.nowMs(),
        isShared: turns.size > 0,
        recall: () => undefined,
      };
      if (turns.size > 0) for (const other of turns) other.isShared = true;
      turns.add(turn);
      isReserved = company === 'alone';
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
