// Reads the inputs that inspection accepts with Python's own readers too: `node bench/fuzz-differential.ts [inputs] [seed] [subject...]`.
// Fails where both differ, or where an input has a side effect; such an input is kept in a folder that is named at the end.
import { randomInt } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonWith } from '../test/runtimes/python-environment.ts';
import { pythonReaders } from '../test/support/differential/python-readers.ts';
import { tryInputs } from '../test/support/differential/run.ts';
import { SUBJECTS } from '../test/support/differential/subjects.ts';

const REQUIREMENTS = fileURLToPath(
  new URL('../test/support/differential/requirements.txt', import.meta.url),
);
const MAX_SHOWN = 20;

const [inputs = 10_000, seed = randomInt(2 ** 31)] = process.argv.slice(2, 4).map(Number);
const named = process.argv.slice(4);
const subjects = Object.entries(SUBJECTS).filter(([name]) => !named[0] || named.includes(name));
const python = process.env['SLIPWAY_PYTHON'] ?? (await pythonWith(REQUIREMENTS));
if (typeof python === 'object') throw new Error(python.missing);

const folder = mkdtempSync(join(tmpdir(), 'slipway-differential-found-'));
const readers = await pythonReaders(
  python,
  subjects.map(([, { reader }]) => reader),
);
console.log(`${inputs} inputs of each subject, seed ${seed}`);
for (const [name, subject] of subjects) {
  const began = performance.now();
  const totals = await tryInputs(subject, readers, { seed, from: 0, to: inputs });
  const perSecond = totals.inputs / ((performance.now() - began) / 1000);
  const count = (...kinds: readonly string[]) =>
    totals.findings.filter(({ kind }) => kinds.includes(kind)).length;
  const { refused, pythonRefused, findings } = totals;
  console.log(
    `${name.padEnd(16)} ${totals.inputs} inputs: ${totals.inputs - refused} accepted, ${refused} refused; by Python refused ${pythonRefused}, differences ${count('differs', 'error')}, crashes ${count('crash', 'hang', 'memory')}, canaries ${count('canary')}; ${perSecond.toFixed(0)} a second`,
  );
  for (const { index, kind, bytes, says } of findings) {
    const path = join(folder, `${name}-${seed}-${index}`);
    writeFileSync(path, bytes);
    process.exitCode = 1;
    if (findings.length <= MAX_SHOWN || index % Math.ceil(findings.length / MAX_SHOWN) === 0) {
      console.log(`  ${kind}: ${name}, seed ${seed}, input ${index}: ${says}; ${path}`);
    }
  }
}
readers.close();
