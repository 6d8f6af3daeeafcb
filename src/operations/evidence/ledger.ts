import type { Act } from './signed.ts';

export type Ledger = {
  readonly acts: readonly Act[];
  /** Performs the act and records how it ended; returns undefined where it failed, or was not begun because the time was up. A text that it returns becomes its `said`. */
  act<Done>(name: string, does: () => Promise<Done>): Promise<Done | undefined>;
  /** An act that is performed even when the time is up. */
  always<Done>(name: string, does: () => Promise<Done>): Promise<Done | undefined>;
};

/** Keeps the acts of a proof in the order in which they ended, and reports each. */
export function ledger(signal: AbortSignal, tell: (act: Act) => void): Ledger {
  const acts: Act[] = [];

  async function always<Done>(name: string, does: () => Promise<Done>): Promise<Done | undefined> {
    const beganMs = performance.now();
    const end = (isDone: boolean, said: string) => {
      const seconds = Math.round((performance.now() - beganMs) / 1000);
      const ended = { act: name, isDone, said, seconds };
      acts.push(ended);
      tell(ended);
    };
    try {
      const done = await does();
      end(true, typeof done === 'string' ? done : '');
      return done;
    } catch (error) {
      end(false, error instanceof Error ? error.message || error.name : String(error));
      return undefined;
    }
  }

  return {
    acts,
    always,
    act: (name, does) =>
      always(name, async () => {
        if (signal.aborted) throw new Error('not begun: the time was up');
        return does();
      }),
  };
}
