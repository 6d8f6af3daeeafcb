import { setTimeout as sleep } from 'node:timers/promises';

/** Looks again and again until `look` answers something true, and answers that; a test's own time limit ends the looking. */
export async function eventually<T>(look: () => T | Promise<T>): Promise<T> {
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    await sleep(10);
  }
}
