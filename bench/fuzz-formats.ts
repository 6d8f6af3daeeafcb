import { randomInt } from 'node:crypto';
import { FUZZED, fuzzOnce } from '../test/support/fuzz/formats.ts';
import { seeded } from '../test/support/fuzz/seeded.ts';

// Changes sound files of each format and inspects them: `node bench/fuzz-formats.ts [inputs] [seed]`.
const inputs = Number(process.argv[2] ?? 10_000);
const seed = Number(process.argv[3] ?? randomInt(2 ** 31));
const MIB = 2 ** 20;

console.log(`${inputs} inputs of each format, seed ${seed}`);
for (const [name, fuzzed] of Object.entries(FUZZED)) {
  const random = seeded(seed);
  const before = process.memoryUsage.rss();
  const total = { refused: 0, milliseconds: 0, longest: 0, mostBytes: before };
  for (let input = 0; input < inputs; input++) {
    const began = process.cpuUsage();
    const { isRefused } = await fuzzOnce(fuzzed, random);
    const { user, system } = process.cpuUsage(began);
    const milliseconds = (user + system) / 1000;
    total.refused += Number(isRefused);
    total.milliseconds += milliseconds;
    total.longest = Math.max(total.longest, milliseconds);
    total.mostBytes = Math.max(total.mostBytes, process.memoryUsage.rss());
  }
  const grown = ((total.mostBytes - before) / MIB).toFixed(0);
  const mean = (total.milliseconds / inputs).toFixed(2);
  console.log(
    `${name}: ${total.refused} refused, ${inputs - total.refused} read; ${mean} ms of CPU each, ${total.longest.toFixed(0)} at most; memory grew by ${grown} MiB`,
  );
}
