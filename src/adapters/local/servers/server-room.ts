import { type Applicant, fairOrder } from '#adapters/local/revisions/fair-turns.ts';
import { realTimers, type Timers } from '#adapters/local/timers.ts';
import { type ModelServer, STOPPED, serverAfter } from './model-server.ts';
import { lowerPriority, mayRaisePriority, raisePriority } from './priority.ts';
import { residentMiB } from './process-usage.ts';

/** A server that nobody has asked for anything since then (ms, by the monotonic clock), and how to end it. */
export type IdleServer = {
  readonly sinceMs: number;
  readonly pid: number | undefined;
  end(): Promise<void>;
};

export type Candidate = Applicant & {
  readonly revision: string;
  /** The memory that its server is expected to hold, until it is measured. */
  readonly expectedMiB: number;
};

/** `usedMiB` is what model servers hold, with what those that start are expected to. */
export type RoomUse = {
  readonly budgetMiB: number;
  readonly usedMiB: number;
  readonly servers: number;
  readonly waiting: number;
};

/** The machine's memory and time for the starts of model servers. */
export type ServerRoom = {
  /** A server that nobody's request waits for: it starts when it is its turn and there is memory, and below all others in priority. */
  candidate(candidate: Candidate, launch: () => ModelServer): ModelServer;
  /** A server that serves a live version starts at once; idle servers end where there is no memory. */
  live(expectedMiB: number, launch: () => ModelServer): ModelServer;
  /** Why the server of a revision has not started yet; undefined where none waits. */
  waitsFor(revision: string): string | undefined;
  /** Adds servers that may end where memory is short. */
  addIdle(idle: () => readonly IdleServer[]): void;
  use(): RoomUse;
};

type Options = {
  /** The most that all model servers are to hold together. */
  readonly budgetMiB: number;
  /** How many candidates start at once. */
  readonly startsAtOnce: number;
  readonly timers?: Timers;
  /** The resident memory of a process; null where the system does not tell. */
  readonly measure?: (pid: number) => number | null;
};

type Held = { readonly server: ModelServer; readonly expectedMiB: number; isStarting: boolean };
type Waiting = Candidate & { readonly begin: () => void };

// Memory is freed without a word.
const LOOK_MS = 500;
// A candidate is asked again within its bake, and a client that has just called may call again.
const LEAST_IDLE_MS = 10_000;

export function serverRoom(options: Options): ServerRoom {
  const { budgetMiB, startsAtOnce, timers = realTimers, measure = residentMiB } = options;
  const held = new Set<Held>();
  const order = fairOrder();
  const sources: (() => readonly IdleServer[])[] = [];
  let waiting: readonly Waiting[] = [];
  let starting = 0;
  let isLookDue = false;

  const measured = ({ server, expectedMiB }: Held) => {
    const pid = server.pid();
    return (pid === undefined ? null : measure(pid)) ?? expectedMiB;
  };
  const usedMiB = () =>
    [...held].reduce((sum, it) => {
      const now = measured(it);
      return sum + (it.isStarting ? Math.max(now, it.expectedMiB) : now);
    }, 0);
  // A server that is larger than the budget is tried where it is alone: the budget is an estimate too.
  const fits = ({ expectedMiB }: Candidate, used: number) =>
    held.size === 0 || used + expectedMiB <= budgetMiB;

  function hold(server: ModelServer, expectedMiB: number): Promise<void> {
    const mine: Held = { server, expectedMiB, isStarting: true };
    held.add(mine);
    void server.ended.then(() => {
      held.delete(mine);
      look();
    });
    return server.started.then(() => {
      mine.isStarting = false;
    });
  }

  /** Ends those that were idle for the longest time, until so much is free. */
  function endIdle(missingMiB: number, leastIdleMs: number): void {
    const latestMs = timers.nowMs() - leastIdleMs;
    const idle = sources.flatMap((source) => source()).filter((it) => it.sinceMs <= latestMs);
    let freedMiB = 0;
    for (const { pid, end } of idle.toSorted((a, b) => a.sinceMs - b.sinceMs)) {
      if (freedMiB >= missingMiB) return;
      freedMiB += (pid === undefined ? null : measure(pid)) ?? 0;
      void end();
    }
  }

  function look(): void {
    while (starting < startsAtOnce && waiting.length > 0) {
      const used = usedMiB();
      const inOrder = order.sorted(waiting);
      // One that is too large for now holds up no other.
      const next = inOrder.find((it) => fits(it, used));
      const [first] = inOrder;
      if (first && first !== next) endIdle(used + first.expectedMiB - budgetMiB, LEAST_IDLE_MS);
      if (!next) break;
      waiting = waiting.filter((it) => it !== next);
      order.begun(next, waiting.length);
      next.begin();
    }
    if (waiting.length > 0) lookLater();
  }

  function lookLater(): void {
    if (isLookDue) return;
    isLookDue = true;
    timers.after(LOOK_MS, () => {
      isLookDue = false;
      look();
    });
  }

  /** Its start takes a turn until it is over. */
  async function count(server: ModelServer, { expectedMiB }: Candidate): Promise<void> {
    starting += 1;
    await hold(server, expectedMiB);
    if (mayRaisePriority()) raisePriority(server.pid());
    starting -= 1;
    look();
  }

  return {
    candidate(candidate, launch) {
      const { promise, resolve } = Promise.withResolvers<(() => ModelServer) | string>();
      const mine: Waiting = {
        ...candidate,
        begin() {
          void count(server, candidate);
          resolve(() => lowered(launch()));
        },
      };
      const leave = (reason: string) => {
        if (!waiting.includes(mine)) return;
        waiting = waiting.filter((it) => it !== mine);
        resolve(reason);
      };
      const server = serverAfter(promise);
      waiting = [...waiting, mine];
      look();
      return {
        ...server,
        stop() {
          leave(STOPPED);
          return server.stop();
        },
        kill(reason) {
          leave(reason);
          return server.kill(reason);
        },
      };
    },
    live(expectedMiB, launch) {
      endIdle(usedMiB() + expectedMiB - budgetMiB, 0);
      const server = launch();
      void hold(server, expectedMiB);
      return server;
    },
    waitsFor(revision) {
      const mine = waiting.find((it) => it.revision === revision);
      if (!mine) return undefined;
      const used = Math.ceil(usedMiB());
      return fits(mine, used)
        ? `it waits for its turn: ${startsAtOnce} start at once, upgrades of live models first`
        : `it waits for memory: it needs about ${mine.expectedMiB} MiB, and model servers hold ${used} of the ${budgetMiB} MiB that they may`;
    },
    addIdle(idle) {
      sources.push(idle);
    },
    use: () => ({
      budgetMiB,
      usedMiB: Math.ceil(usedMiB()),
      servers: held.size,
      waiting: waiting.length,
    }),
  };
}

/** Lowers its priority where that may be raised again once it is ready: it will be asked in earnest then. */
function lowered(server: ModelServer): ModelServer {
  if (mayRaisePriority()) void server.spawned.then(lowerPriority);
  return server;
}

/** Room without limits, as for what is no part of a whole Slipway. */
export function boundlessRoom(): ServerRoom {
  const most = Number.POSITIVE_INFINITY;
  return serverRoom({ budgetMiB: most, startsAtOnce: most });
}
