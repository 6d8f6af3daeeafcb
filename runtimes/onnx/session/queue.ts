import { refusal } from '../refusal.ts';
import { worded } from '../worded.ts';

/** Runs one task at a time, in order of arrival. */
export type Queue = {
  /** Rejects without running the task if `isGone` is true at its turn; refuses with 503 when too many wait. */
  run<T>(task: () => Promise<T>, isGone?: () => boolean): Promise<T>;
  /** Settles when the last task has. */
  idle(): Promise<unknown>;
};

export function createQueue(mostWaiting: number): Queue {
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  return {
    run: async (task, isGone) => {
      if (waiting >= mostWaiting) {
        const message = worded('tooManyWaiting', waiting, mostWaiting);
        throw refusal(503, message, { retryAfterSeconds: 1 });
      }
      waiting += 1;
      const turn = last.then(() => {
        waiting -= 1;
        if (isGone?.()) throw new Error('nobody waits for the answer any more');
        return task();
      });
      last = turn.catch(() => undefined);
      return turn;
    },
    idle: () => last,
  };
}
