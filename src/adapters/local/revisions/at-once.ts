/** Runs a task when its turn comes. A task whose signal aborts while it waits is never run, and rejects with the signal's reason. */
export type InTurn = <T>(task: () => Promise<T>, signal?: AbortSignal) => Promise<T>;

/** Runs at most `limit` tasks at once; the others wait, first come first served. */
export function atOnce(limit: number): InTurn {
  const waiting = new Set<() => void>();
  let running = 0;

  async function turn(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (running < limit) {
      running += 1;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = () => {
      waiting.delete(resolve);
      reject(signal?.reason);
    };
    waiting.add(resolve);
    signal?.addEventListener('abort', giveUp);
    await promise;
    signal?.removeEventListener('abort', giveUp);
  }

  function handOn(): void {
    const [next] = waiting;
    if (!next) running -= 1;
    else {
      waiting.delete(next);
      next();
    }
  }

  return async (task, signal) => {
    await turn(signal);
    try {
      return await task();
    } finally {
      handOn();
    }
  };
}
