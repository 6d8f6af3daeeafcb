// `npm run test:mutants`: bugs that were seen by clients, each planted again in a copy of Slipway, and caught by the test that names it.
// Those of the workflow are in test/support/planted-bugs, which plants them while a test runs.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const MUTANTS = JSON.parse(readFileSync(join(ROOT, 'test/mutants.json'), 'utf8'));

// A test whose event never comes does not end; one that passes takes some seconds, and a minute on a machine that is busy with all else.
const HANGS_MS = 180_000;

const copy = mkdtempSync(join(tmpdir(), 'slipway-mutants-'));
let escaped = 0;
try {
  // As a commit has them: what else lies about is none of theirs.
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT });
  execFileSync('tar', ['-c', '-f', join(copy, 'files.tar'), '--null', '-T', '-'], {
    cwd: ROOT,
    input: files,
  });
  execFileSync('tar', ['-x', '-f', 'files.tar'], { cwd: copy });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  for (const mutant of MUTANTS) escaped += Number(!isCaught(mutant));
} finally {
  rmSync(copy, { recursive: true });
}
process.stdout.write(`${MUTANTS.length} bugs planted, ${MUTANTS.length - escaped} caught\n`);
process.exitCode = escaped === 0 ? 0 : 1;

/** Green as it is, and red with the bug. */
function isCaught({ bug, file, now, before, test, name }) {
  const path = join(copy, file);
  const text = readFileSync(path, 'utf8');
  if (text.split(now).length !== 2) throw new Error(`${file} has not once: ${now}`);
  const control = outcome(test, name);
  writeFileSync(
    path,
    text.replace(now, () => before),
  );
  const planted = outcome(test, name);
  writeFileSync(path, text);
  const caught = control.passed > 0 && control.failed === 0 && planted.failed > 0;
  process.stdout.write(`${caught ? 'caught ' : 'ESCAPED'} ${bug}\n`);
  if (!caught) process.stdout.write(`${control.said}\n${planted.said}\n`);
  return caught;
}

function outcome(test, name) {
  const jest = join(ROOT, 'node_modules/.bin/jest');
  const given = [jest, '--selectProjects', 'unit', '--json', '--forceExit', '-t', name, test];
  const options = { cwd: copy, encoding: 'utf8', timeout: HANGS_MS, killSignal: 'SIGKILL' };
  const { stdout, stderr, error } = spawnSync(process.execPath, given, options);
  if (error) return { passed: 0, failed: 1, said: String(error) };
  const result = JSON.parse(stdout.slice(stdout.indexOf('{"')));
  // What a test leaves unhandled fails its file.
  const failed = result.numFailedTests + result.numFailedTestSuites;
  return { passed: result.numPassedTests, failed, said: stderr };
}
