// Counts the harmful pickles that Slipway and three scanners from PyPI find, and the harmless models that they call harmful.
// `node bench/hostile.ts [PYTHON]`, where `PYTHON -m pip install picklescan fickling typing_extensions modelscan` has been run; without it Slipway alone.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pickleGlobals } from '#formats/pickle/globals.ts';
import { modelFixtures } from '../test/support/models/fixtures.ts';
import { HOSTILE, inspectPickle, scan } from '../test/support/models/pickles.ts';

const PYTHON = process.argv[2];
const SCANNERS = ['picklescan', 'fickling', 'modelscan'] as const;
const FOLDER = join(import.meta.dirname, '../test/fixtures/pickles/hostile');

const harmful = HOSTILE.map(({ file }) => join(FOLDER, file));
const harmless = [...modelFixtures('corpus'), ...modelFixtures('sklearn')].map(({ path }) => path);

type Verdict = 'bad' | 'good' | 'error';

console.log(`${harmful.length} harmful pickles, ${harmless.length} harmless models`);
row('slipway', await Promise.all(harmful.map(refused)), await Promise.all(harmless.map(blocked)));
for (const scanner of PYTHON ? SCANNERS : []) {
  row(scanner, asked(scanner, harmful), asked(scanner, harmless));
}

function row(name: string, ofHarmful: readonly Verdict[], ofHarmless: readonly Verdict[]): void {
  const count = (verdicts: readonly Verdict[], wanted: Verdict) =>
    verdicts.filter((verdict) => verdict === wanted).length;
  const [found, broken] = [count(ofHarmful, 'bad'), count(ofHarmful, 'error')];
  const [wrong, failed] = [count(ofHarmless, 'bad'), count(ofHarmless, 'error')];
  console.log(
    `${name.padEnd(12)} found ${found}, gave up on ${broken}, missed ${harmful.length - found - broken}; of the harmless blocked ${wrong}, gave up on ${failed}`,
  );
}

async function refused(path: string): Promise<Verdict> {
  return inspectPickle(readFileSync(path)).then(
    () => 'good',
    () => 'bad',
  );
}

/** A dict of models does no harm, though it is not served. */
async function blocked(path: string): Promise<Verdict> {
  const bytes = readFileSync(path);
  const read = () => scan(bytes, { globals: pickleGlobals(path, []) });
  return inspectPickle(bytes)
    .catch(read)
    .then(
      () => 'good',
      () => 'bad',
    );
}

function asked(scanner: string, paths: readonly string[]): readonly Verdict[] {
  const script = join(import.meta.dirname, 'hostile.py');
  const { stdout } = spawnSync(PYTHON ?? '', [script, scanner, ...paths], { encoding: 'utf8' });
  const said = new Map(stdout.split('\n').map((line) => [line.slice(line.indexOf(' ') + 1), line]));
  return paths.map((path) => verdictOf(said.get(path) ?? ''));
}

function verdictOf(line: string): Verdict {
  if (line.startsWith('bad ')) return 'bad';
  return line.startsWith('good ') ? 'good' : 'error';
}
