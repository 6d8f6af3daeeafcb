// `npm run test:mutants`: bugs that were seen by clients, each planted again in a copy of Slipway, and caught by the test that names it.
// Bugs of the workflow are in test/support/planted-bugs, which plants them while a test runs.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const MUTANTS = JSON.parse(readFileSync(join(ROOT, 'test/mutants.json'), 'utf8'));

// A test whose event never comes fails after the first; a run that does not end is killed after the second. A run takes some seconds, and a minute on a machine that is busy with all else.
const LONGEST_LOOK_MS = 30_000;
const HANGS_MS = 180_000;

const copy = mkdtempSync(join(tmpdir(), 'slipway-mutants-'));
let escaped = 0;
try {
  // The files of a commit; other files that lie about are not part of it.
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT });
  execFileSync('tar', ['-c', '-f', join(copy, 'files.tar'), '--null', '-T', '-'], {
    cwd: ROOT,
    input: files,
  });
  execFileSync('tar', ['-x', '-f', 'files.tar'], { cwd: copy });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  const control = outcome(MUTANTS);
  for (const round of roundsOf(MUTANTS)) escaped += escapedOf(round, control);
} finally {
  rmSync(copy, { recursive: true });
}
process.stdout.write(`${MUTANTS.length} bugs planted, ${MUTANTS.length - escaped} caught\n`);
process.exitCode = escaped === 0 ? 0 : 1;

/** Rounds of bugs that are planted at once, since each start of jest takes longer than its tests: no two of a round are in the same part of the code, so no test is red for the bug of another. */
function roundsOf(mutants) {
  const rounds = [];
  for (const mutant of mutants) {
    const free = rounds.find((round) =>
      round.every(({ file }) => partOf(file) !== partOf(mutant.file)),
    );
    if (free) free.push(mutant);
    else rounds.push([mutant]);
  }
  return rounds;
}

function partOf(file) {
  return file.split('/', 2).join('/');
}

/** How many bugs of a round their tests do not notice. A run that hangs does not say by which of them, so each is planted alone. */
function escapedOf(round, control) {
  const planted = plant(round);
  if (planted.isHung && round.length > 1) {
    return round.reduce((sum, mutant) => sum + escapedOf([mutant], control), 0);
  }
  return round.filter((mutant) => !isCaught(mutant, { control, planted })).length;
}

/** The outcome of these bugs' tests with all of them planted. */
function plant(mutants) {
  const restore = mutants.map(({ file, now, before }) => {
    const path = join(copy, file);
    const text = readFileSync(path, 'utf8');
    if (text.split(now).length !== 2) throw new Error(`${file} has not once: ${now}`);
    writeFileSync(
      path,
      text.replace(now, () => before),
    );
    return () => writeFileSync(path, text);
  });
  const planted = outcome(mutants);
  for (const undo of restore) undo();
  return planted;
}

/** Green as it is, in the run of all, and red with the bug. */
function isCaught({ bug, test, name }, { control, planted }) {
  const asItIs = control.of(test, name);
  const caught = asItIs.passed > 0 && asItIs.failed === 0 && planted.of(test, name).failed > 0;
  process.stdout.write(`${caught ? 'caught ' : 'ESCAPED'} ${bug}\n`);
  if (!caught) process.stdout.write(`${control.said}\n${planted.said}\n`);
  return caught;
}

/** Runs the tests that these bugs name; `of` counts those of one file by their name. */
function outcome(mutants) {
  const tests = mutants.map(({ test }) => test);
  const name = mutants.map((mutant) => `(?:${mutant.name})`).join('|');
  const jest = join(ROOT, 'node_modules/.bin/jest');
  const given = [jest, '--selectProjects', 'unit', '--json', '--forceExit', '-t', name, ...tests];
  // Nobody needs the compiled code of the copy after it.
  const env = {
    ...process.env,
    NODE_COMPILE_CACHE: join(copy, '.compiled'),
    SLIPWAY_LONGEST_LOOK_MS: String(LONGEST_LOOK_MS),
  };
  const options = { cwd: copy, env, encoding: 'utf8', timeout: HANGS_MS, killSignal: 'SIGKILL' };
  const { stdout, stderr, error } = spawnSync(process.execPath, given, options);
  if (error) return { isHung: true, of: () => ({ passed: 0, failed: 1 }), said: String(error) };
  const { testResults } = JSON.parse(stdout.slice(stdout.indexOf('{"')));
  return { of: (test, wanted) => counted(testResults, test, wanted), said: stderr };
}

function counted(testResults, test, name) {
  const files = testResults.filter((file) => file.name.includes(test));
  const wanted = new RegExp(name, 'i');
  const results = files
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ ancestorTitles, title }) => wanted.test([...ancestorTitles, title].join(' ')));
  const count = (status) => results.filter((result) => result.status === status).length;
  // An error that a test leaves unhandled fails its file.
  const failedFiles = files.filter(({ status }) => status === 'failed').length;
  return { passed: count('passed'), failed: count('failed') + failedFiles };
}
