// Breaks real pickles and joblib dumps in many ways: `node bench/fuzz-pickles.ts [RUNS] [SEED]`. Fails at the first that is neither read nor refused, or takes more than a second.
import { FUZZED, fuzzPickle } from '../test/support/pickle-fuzz.ts';

const RUNS = Number(process.argv[2] ?? 10_000);
const SEED = Number(process.argv[3] ?? Date.now() % 2 ** 31);
const MIB = 2 ** 20;

console.log(`${RUNS} broken inputs of each, seed ${SEED}`);
for (const format of Object.keys(FUZZED)) {
  const started = performance.now();
  const longestMs = await fuzzPickle(format, RUNS, SEED);
  const seconds = (performance.now() - started) / 1000;
  console.log(
    `${format.padEnd(22)} ${seconds.toFixed(1)} s, the longest ${longestMs.toFixed(0)} ms`,
  );
}
const { maxRSS } = process.resourceUsage();
console.log(`peak of the process ${((maxRSS * 1024) / MIB).toFixed(0)} MiB`);
