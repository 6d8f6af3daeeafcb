import { AsyncLocalStorage } from 'node:async_hooks';
import type { FakeClock } from './fake-clock.ts';

type Party = { asleep: number };
type Sleeper = { readonly atMs: number; readonly wake: () => void };

/** Virtual time of several parties at once: when all of them sleep, it advances to the first one's wake-up. */
export function sharedTime(clock: Pick<FakeClock, 'advance' | 'monotonicMs'>) {
  const own = new AsyncLocalStorage<Party>();
  const parties = new Set<Party>();
  const sleepers = new Set<Sleeper>();

  function goOn(): void {
    if ([...parties].some(({ asleep }) => asleep === 0)) return;
    const [first] = [...sleepers].sort((one, other) => one.atMs - other.atMs);
    if (!first) return;
    sleepers.delete(first);
    clock.advance(Math.max(0, first.atMs - clock.monotonicMs()));
    first.wake();
  }

  return {
    /** Runs as a separate party, to its end. */
    async join<Answer>(run: () => Promise<Answer>): Promise<Answer> {
      const party = { asleep: 0 };
      parties.add(party);
      try {
        return await own.run(party, run);
      } finally {
        parties.delete(party);
        goOn();
      }
    },

    /** Sleeps; only within a party. */
    async sleep(ms: number): Promise<void> {
      const party = own.getStore();
      if (!party) throw new Error('who sleeps is no party');
      party.asleep += 1;
      await new Promise<void>((resolve) => {
        const wake = () => {
          party.asleep -= 1;
          resolve();
        };
        sleepers.add({ atMs: clock.monotonicMs() + ms, wake });
        goOn();
      });
    },
  };
}
