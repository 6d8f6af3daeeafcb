import { setTimeout as sleep } from 'node:timers/promises';

type Truthy<T> = Exclude<T, undefined | null | false>;

const LONGEST_MS = 90_000;

/** Looks again and again until `look` answers something true, and answers that; gives up after 90 s, since no test has a time limit of its own. */
export async function eventually<T>(look: () => T | Promise<T>): Promise<Truthy<T>> {
  const endMs = performance.now() + LONGEST_MS;
  for (;;) {
    const seen = await look();
    if (seen) return seen as Truthy<T>;
    if (performance.now() > endMs) throw new Error(`not seen in ${LONGEST_MS / 1000} s: ${look}`);
    await sleep(10);
  }
}
