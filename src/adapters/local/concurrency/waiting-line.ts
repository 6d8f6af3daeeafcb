import type { Timers } from '#adapters/local/concurrency/timers.ts';
import type { Leaving } from './leaving.ts';

export type TurnRequest<Kind> = {
  readonly kind: Kind;
  /** Goes ahead of all that are not urgent. */
  readonly isUrgent: boolean;
  /** Aborts when nobody waits any more. */
  readonly signal: Leaving;
  readonly patienceMs: number;
  /** Asked when its patience is over: whether to wait as long again. */
  readonly staysOn: () => boolean;
};

export type Waiter<Kind, Turn> = {
  readonly kind: Kind;
  readonly sinceMs: number;
  /** Gives it its turn, and removes it from the line. */
  call(turn: Turn): void;
};

/** A queue, first come first served. An entry leaves when its signal aborts or its patience is over. */
export type WaitingLine<Kind, Turn> = {
  size(): number;
  first(): Waiter<Kind, Turn> | undefined;
  join(wish: TurnRequest<Kind>): Promise<Turn | 'left' | 'late'>;
  callAll(turn: Turn): void;
};

export function waitingLine<Kind, Turn>(timers: Timers): WaitingLine<Kind, Turn> {
  const urgent = new Set<Waiter<Kind, Turn>>();
  const patient = new Set<Waiter<Kind, Turn>>();
  const [first, size] = [
    () => urgent.values().next().value ?? patient.values().next().value,
    () => urgent.size + patient.size,
  ];

  return {
    size,
    first,
    join({ kind, isUrgent, signal, patienceMs, staysOn }) {
      const { promise, resolve } = Promise.withResolvers<Turn | 'left' | 'late'>();
      const line = isUrgent ? urgent : patient;
      const leave = (turn: Turn | 'left' | 'late') => {
        line.delete(waiter);
        callOff();
        signal.removeEventListener('abort', abort);
        resolve(turn);
      };
      const abort = () => leave('left');
      const wait = (): (() => void) =>
        timers.after(patienceMs, () => {
          if (staysOn()) callOff = wait();
          else leave('late');
        });
      const waiter = { kind, sinceMs: timers.nowMs(), call: leave };
      let callOff = wait();
      line.add(waiter);
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
      return promise;
    },
    callAll(turn) {
      for (let waiter = first(); waiter; waiter = first()) waiter.call(turn);
    },
  };
}
