import { fairOrder, inOrder, type Order, type WaitingDeployment } from './fair-turns.ts';

/**
 * Runs a task when it is its turn. One whose signal aborts while it waits is never run, and rejects with the signal's reason.
 * `onPlace` is told each place that it has among those that wait, from 1 on, and null when it begins.
 */
export type InTurn = <T>(
  task: () => Promise<T>,
  signal?: AbortSignal,
  onPlace?: OnPlace,
) => Promise<T>;

/** Gives a task's place to the next one until the task ends: for one that waits without computing. Does nothing where four times as many places as there are have been given away. */
export type Lend = () => void;

/** As `InTurn`, for somebody; the task may lend its place. */
export type FairTurn = <T>(
  applicant: WaitingDeployment,
  task: (lend: Lend) => Promise<T>,
  signal?: AbortSignal,
  onPlace?: OnPlace,
) => Promise<T>;

type OnPlace = (place: number | null) => void;

/** Runs at most `limit` tasks at once; the others wait, first come first served. */
export function atOnce(limit: number): InTurn {
  const queue = queueOf<object>(limit, inOrder);
  return (task, signal, onPlace) => queue({}, task, signal, onPlace);
}

/** Runs at most `limit` tasks at once; the others wait, in the order of `fairOrder`. */
export function fairlyAtOnce(limit: number): FairTurn {
  return queueOf(limit, fairOrder());
}

// Tasks that lend their places keep their memory, and may compute again.
const LENT_BY_PLACE = 4;

function queueOf<Who extends object>(limit: number, order: Order<Who>) {
  type Waiting = Who & { begin(): void; readonly onPlace: OnPlace; place: number };
  let waiting: readonly Waiting[] = [];
  let running = 0;
  let lent = 0;

  function tellPlaces(): void {
    for (const [index, who] of order.upcoming(waiting).entries()) {
      if (who.place === index + 1) continue;
      who.place = index + 1;
      who.onPlace(who.place);
    }
  }

  function leave(who: Waiting): void {
    waiting = waiting.filter((each) => each !== who);
    tellPlaces();
  }

  async function turn(who: Who, signal: AbortSignal | undefined, onPlace: OnPlace): Promise<void> {
    signal?.throwIfAborted();
    if (running < limit) {
      running += 1;
      order.begun(who, 0);
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const mine: Waiting = { ...who, begin: resolve, onPlace, place: 0 };
    const giveUp = () => {
      leave(mine);
      reject(signal?.reason);
    };
    waiting = [...waiting, mine];
    tellPlaces();
    signal?.addEventListener('abort', giveUp);
    await promise;
    signal?.removeEventListener('abort', giveUp);
  }

  function handOn(): void {
    const next = order.next(waiting);
    if (!next) {
      running -= 1;
      return;
    }
    order.begun(next, waiting.length - 1);
    leave(next);
    next.begin();
  }

  return async <T>(
    who: Who,
    task: (lend: Lend) => Promise<T>,
    signal?: AbortSignal,
    onPlace: OnPlace = () => undefined,
  ): Promise<T> => {
    await turn(who, signal, onPlace);
    onPlace(null);
    let isLent = false;
    const lend = () => {
      if (isLent || lent >= limit * LENT_BY_PLACE) return;
      isLent = true;
      lent += 1;
      handOn();
    };
    try {
      return await task(lend);
    } finally {
      if (isLent) lent -= 1;
      else handOn();
    }
  };
}
