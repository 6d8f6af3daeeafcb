import type { Timers } from '#adapters/local/concurrency/timers.ts';

const PERIOD_MS = 30_000;
// A thirtieth of a core. A process that downloads or unpacks packages takes more.
const LEAST_SECONDS = 1;

/**
 * Calls `onIdle` once, when the processes of a build have computed for less than a second in half a minute: it sleeps, or waits for somebody. Returns what ends the watch.
 * `cpuSeconds` answers their CPU time so far, null where that is unknown.
 */
export function watchIdle(
  cpuSeconds: () => number | null,
  timers: Timers,
  onIdle: () => void,
): () => void {
  let before = cpuSeconds();
  let callOff = timers.after(PERIOD_MS, look);

  function look(): void {
    const now = cpuSeconds();
    const isIdle = before !== null && now !== null && now - before < LEAST_SECONDS;
    before = now;
    if (isIdle) onIdle();
    else callOff = timers.after(PERIOD_MS, look);
  }

  return () => callOff();
}
