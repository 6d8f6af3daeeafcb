// Breaks real pickles and joblib dumps in many ways: `node bench/fuzz-pickles.ts [RUNS] [SEED]`. Fails at the first one that is neither read nor refused, or takes more than a second.
import { FUZZED, fuzzPickle } from '../test/support/fuzz/pickles.ts';
import { pickleOutcome } from '../test/support/models/pickles.ts';

const RUNS = Number(process.argv[2] ?? 10_000);
const SEED = Number(process.argv[3] ?? Date.now() % 2 ** 31);
const LONGEST_MS = 1000;
const MIB = 2 ** 20;

console.log(`${RUNS} broken inputs of each, seed ${SEED}`);
for (const format of Object.keys(FUZZED)) {
  const started = performance.now();
  let longestMs = 0;
  await fuzzPickle(format, { numRuns: RUNS, seed: SEED }, async (bytes) => {
    const beganMs = performance.now();
    const outcome = await pickleOutcome(bytes);
    longestMs = Math.max(longestMs, performance.now() - beganMs);
    if (longestMs > LONGEST_MS) throw new Error(`it took ${longestMs} ms`);
    return outcome;
  });
  const seconds = (performance.now() - started) / 1000;
  console.log(
    `${format.padEnd(22)} ${seconds.toFixed(1)} s, the longest ${longestMs.toFixed(0)} ms`,
  );
}
const { maxRSS } = process.resourceUsage();
console.log(`peak of the process ${((maxRSS * 1024) / MIB).toFixed(0)} MiB`);
