import { fairOrder, type WaitingDeployment } from '#adapters/local/concurrency/fair-turns.ts';
import { realTimers, type Timers } from '#adapters/local/concurrency/timers.ts';
import {
  lowerPriority,
  mayRaisePriority,
  raisePriority,
} from '#adapters/local/processes/priority.ts';
import { residentMiB } from '#adapters/local/processes/process-usage.ts';
import { type ModelServer, STOPPED, type Start, serverAfter } from './model-server.ts';

/** A server that nobody has asked for anything since then (ms, by the monotonic clock), and how to end it. */
export type IdleServer = {
  readonly sinceMs: number;
  readonly server: Pick<ModelServer, 'pid' | 'container'>;
  /** The memory that it is expected to hold, where that is not measured. */
  readonly expectedMiB: number;
  /** Resolves when it has ended. */
  end(): Promise<void>;
};

export type Candidate = WaitingDeployment & {
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
  readonly priority?: Priority;
};

/** A candidate is lowered only where it may be raised again once it is ready: it will be asked in earnest then. */
export type Priority = {
  mayRaise(): boolean;
  lower(pid: number | undefined): void;
  raise(pid: number | undefined): void;
};

const PRIORITY: Priority = {
  mayRaise: mayRaisePriority,
  lower: lowerPriority,
  raise: raisePriority,
};

type Held = { readonly server: ModelServer; readonly expectedMiB: number; isStarting: boolean };
type Waiting = Candidate & { readonly begin: () => void };

// Memory is freed without a word.
const LOOK_MS = 500;
// Most models are loaded by then.
const LONGEST_TURN_MS = 2_000;
// A candidate is asked again within its bake, and a client that has just called may call again.
const LEAST_IDLE_MS = 10_000;

export function serverRoom(options: Options): ServerRoom {
  const { budgetMiB, startsAtOnce, timers = realTimers, measure = residentMiB } = options;
  const { mayRaise, lower, raise } = options.priority ?? PRIORITY;
  const held = new Set<Held>();
  const order = fairOrder();
  const sources: (() => readonly IdleServer[])[] = [];
  let waiting: readonly Waiting[] = [];
  let starting = 0;
  // The memory of servers that have been told to end.
  let freeingMiB = 0;
  let isLookDue = false;

  const memoryOf = ({ server, expectedMiB }: Pick<IdleServer, 'server' | 'expectedMiB'>) => {
    const pid = server.pid();
    const held = pid === undefined ? server.container()?.memoryMiB() : measure(pid);
    return held ?? expectedMiB;
  };
  const usedMiB = () =>
    [...held].reduce((sum, it) => {
      const now = memoryOf(it);
      return sum + (it.isStarting ? Math.max(now, it.expectedMiB) : now);
    }, 0);
  // A server that is larger than the budget is tried where it is alone: the budget is an estimate too.
  const fits = ({ expectedMiB }: Candidate, used: number) =>
    held.size === 0 || used + expectedMiB <= budgetMiB;

  function hold(server: ModelServer, expectedMiB: number): Promise<Start> {
    const mine: Held = { server, expectedMiB, isStarting: true };
    held.add(mine);
    void server.ended.then(() => {
      held.delete(mine);
      look();
    });
    return server.started.then((start) => {
      mine.isStarting = false;
      return start;
    });
  }

  /** The servers that have been idle for so long, the longest idle first. */
  function idleFor(leastIdleMs: number) {
    const latestMs = timers.nowMs() - leastIdleMs;
    return sources
      .flatMap((source) => source())
      .filter(({ sinceMs }) => sinceMs <= latestMs)
      .toSorted((a, b) => a.sinceMs - b.sinceMs)
      .map((it) => ({ ...it, mib: memoryOf(it) }));
  }

  /** Ends so many of these, in their order, that so much is free or on its way to be. */
  function endIdle(idle: ReturnType<typeof idleFor>, missingMiB: number): void {
    let leftMiB = missingMiB - freeingMiB;
    for (const { mib, end } of idle) {
      if (leftMiB <= 0) return;
      leftMiB -= mib;
      freeingMiB += mib;
      void end().then(() => {
        freeingMiB -= mib;
      });
    }
  }

  /** Nobody's server ends for a candidate that would have to wait all the same. */
  function makeRoom({ expectedMiB }: Candidate): void {
    const idle = idleFor(LEAST_IDLE_MS);
    const missingMiB = usedMiB() + Math.min(expectedMiB, budgetMiB) - budgetMiB;
    const freeMiB = idle.reduce((sum, { mib }) => sum + mib, freeingMiB);
    if (freeMiB >= missingMiB) endIdle(idle, missingMiB);
  }

  function look(): void {
    while (starting < startsAtOnce && waiting.length > 0) {
      const used = usedMiB();
      const inOrder = order.sorted(waiting);
      // One that is too large for now holds up no other.
      const next = inOrder.find((it) => fits(it, used));
      const [first] = inOrder;
      if (first && first !== next) makeRoom(first);
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

  /** Its start takes a turn until it is over, but not for long: one that loads for minutes, or that never ends, holds up no other. */
  async function count(server: ModelServer, { expectedMiB }: Candidate): Promise<void> {
    let hasTurn = true;
    starting += 1;
    const passOn = () => {
      if (!hasTurn) return;
      hasTurn = false;
      starting -= 1;
      look();
    };
    const callOff = timers.after(LONGEST_TURN_MS, passOn);
    const { kind } = await hold(server, expectedMiB);
    callOff();
    // The number of one that has ended may be another's by now.
    if (kind === 'ready') {
      server.container()?.weigh('full');
      if (mayRaise()) raise(server.pid());
    }
    passOn();
  }

  return {
    candidate(candidate, launch) {
      const { promise, resolve } = Promise.withResolvers<(() => ModelServer) | string>();
      const mine: Waiting = {
        ...candidate,
        begin() {
          void count(server, candidate);
          resolve(launch);
          void server.launched.then(() => {
            server.container()?.weigh('low');
            if (mayRaise()) lower(server.pid());
          });
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
      endIdle(idleFor(0), usedMiB() + expectedMiB - budgetMiB);
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

/** Room without limits, as for what is no part of a whole Slipway. */
export function boundlessRoom(): ServerRoom {
  const most = Number.POSITIVE_INFINITY;
  return serverRoom({ budgetMiB: most, startsAtOnce: most });
}
