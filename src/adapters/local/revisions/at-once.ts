/**
 * Runs a task when it is its turn. One whose signal aborts while it waits is never run, and rejects with the signal's reason.
 * `onPlace` is told each place that it has among those that wait, from 1 on, and null when it begins.
 */
export type InTurn = <T>(
  task: () => Promise<T>,
  signal?: AbortSignal,
  onPlace?: OnPlace,
) => Promise<T>;

type OnPlace = (place: number | null) => void;

/** Runs at most `limit` tasks at once; the others wait, first come first served. */
export function atOnce(limit: number): InTurn {
  const waiting = new Map<() => void, OnPlace>();
  let running = 0;

  function tellPlaces(): void {
    for (const [index, onPlace] of [...waiting.values()].entries()) onPlace(index + 1);
  }

  async function turn(signal: AbortSignal | undefined, onPlace: OnPlace): Promise<void> {
    signal?.throwIfAborted();
    if (running < limit) {
      running += 1;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = () => {
      waiting.delete(resolve);
      tellPlaces();
      reject(signal?.reason);
    };
    waiting.set(resolve, onPlace);
    onPlace(waiting.size);
    signal?.addEventListener('abort', giveUp);
    await promise;
    signal?.removeEventListener('abort', giveUp);
  }

  function handOn(): void {
    const [next] = waiting.keys();
    if (!next) running -= 1;
    else {
      waiting.delete(next);
      tellPlaces();
      next();
    }
  }

  return async (task, signal, onPlace = () => undefined) => {
    await turn(signal, onPlace);
    onPlace(null);
    try {
      return await task();
    } finally {
      handOn();
    }
  };
}
