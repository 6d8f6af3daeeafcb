// `npm test`: the checks, then the tier `unit`. `npm test -- PATTERN [OPTIONS OF JEST]`: the test files whose paths match, in whichever tier they are. `node test/run.js tier NAME`: one tier.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ownFolder, tidy } from './left-behind.js';
import { TIERS } from './tiers.js';

const ROOT = join(import.meta.dirname, '..');
const BIN = join(ROOT, 'node_modules/.bin');
const CACHE = join(ROOT, 'node_modules/.cache');

// A third of the work of TypeScript 6, which the import rules are read by: 7 has no API for them.
const TSC = join(ROOT, 'node_modules/typescript-7/bin/tsc');

// Each checker reads the declarations of packages again for itself: with four, the default, that takes 16 s of CPU, with one 10. The other checks use the other cores.
const CHECKERS = String(Math.max(1, Math.min(4, Math.floor(availableParallelism() / 2))));

// Through a pipe biome would colour all the same.
const COLORS = process.stdout.isTTY ? ['--colors=force'] : ['--colors=off'];

// More than there are cores: a good part of the time of the tier `unit` goes by in waiting for processes and disks.
const WORKERS = String(Math.ceil(1.5 * availableParallelism()));

const args = process.argv.slice(2);
const optionsAt = args.findIndex((arg) => arg.startsWith('-'));
const patterns = optionsAt === -1 ? args : args.slice(0, optionsAt);

if (args[0] === 'check') process.exitCode = await check();
else if (args[0] === 'tier') process.exitCode = await tests(args.slice(1));
else process.exitCode = patterns.length > 0 ? await named() : await everyday();

async function everyday() {
  const checked = await check();
  if (checked !== 0) return checked;
  const tested = await tests(['unit', '--maxWorkers', WORKERS, ...args]);
  const others = Object.values(TIERS).filter(({ folders }) => folders);
  const lines = others.map(({ what, run: command }) => `  ${command.padEnd(22)} ${what}`);
  process.stdout.write(`\nnot run here, but by .ci/run:\n${lines.join('\n')}\n`);
  return tested;
}

async function named() {
  const matches = patterns.map((pattern) => new RegExp(pattern, 'i'));
  const tiers = new Set(
    readdirSync(join(ROOT, 'test'), { recursive: true })
      .map((file) => `test/${file}`)
      .filter((file) => file.endsWith('.test.ts') && matches.some((it) => it.test(file)))
      .map(tierOf),
  );
  if (tiers.size === 0) {
    process.stderr.write(
      `no test file matches ${patterns.join(' or ')}; a pattern is a part of a path: npm test -- steps/admit\n`,
    );
    return 1;
  }
  const plain = [...tiers].filter((tier) => !TIERS[tier].script);
  const codes = [];
  if (plain.length > 0) codes.push(await tests([...plain, '--maxWorkers', '100%', ...args]));
  for (const tier of tiers) {
    const { script } = TIERS[tier];
    if (script) codes.push(await run(join(ROOT, script), args));
  }
  return Math.max(...codes);
}

function tierOf(file) {
  const isIn = ([, { folders = [] }]) => folders.some((it) => file.startsWith(`test/${it}/`));
  return Object.entries(TIERS).find(isIn)?.[0] ?? 'unit';
}

/** Runs jest on these tiers, with options, in a separate temporary folder; fails too when a process is left behind. */
async function tests(given) {
  const folder = ownFolder();
  const env = { ...process.env, TMPDIR: folder };
  const code = await run('jest', ['--selectProjects', ...given], { env });
  const left = await tidy(folder);
  if (left.length === 0) return code;
  process.stderr.write(`\nleft behind by the tests:\n${left.map((it) => `  ${it}\n`).join('')}`);
  return 1;
}

/** Format and lint, types, and the import rules, side by side: the output of each comes in one piece. */
async function check() {
  // The rules let tests and benches import anything. Biome looks for cycles there, and finding them here too would take twice the CPU.
  const folders = ['src', 'functions', 'runtimes', 'console', 'infra', 'buildspecs'];
  const codes = await Promise.all([
    // Its size rules only warn.
    inOnePiece('biome', ['ci', '.', '--diagnostic-level=error', ...COLORS]),
    inOnePiece(TSC, [
      ...['--incremental', '--tsBuildInfoFile', join(CACHE, 'tsc.tsbuildinfo')],
      ...['--checkers', CHECKERS],
    ]),
    // Node runs the commands of builds and the plugins of osls as JavaScript.
    inOnePiece(TSC, [
      ...['-p', join(ROOT, 'tsconfig.scripts.json')],
      ...['--incremental', '--tsBuildInfoFile', join(CACHE, 'scripts.tsbuildinfo')],
      ...['--checkers', '1'],
    ]),
    inOnePiece(TSC, [
      ...['-p', join(ROOT, 'infra'), '--incremental'],
      ...['--tsBuildInfoFile', join(CACHE, 'infra.tsbuildinfo'), '--checkers', '1'],
    ]),
    // The console's code runs in a browser, and sees the types of one.
    inOnePiece(TSC, [
      ...['--project', 'console', '--incremental'],
      ...['--tsBuildInfoFile', join(CACHE, 'tsc-console.tsbuildinfo'), '--checkers', '1'],
    ]),
    inOnePiece('depcruise', folders),
  ]);
  return Math.max(...codes);
}

async function inOnePiece(command, commandArgs) {
  const said = [];
  const code = await run(command, commandArgs, { heard: (text) => said.push(text) });
  process.stdout.write(Buffer.concat(said));
  return code;
}

/** Runs a program in the root; answers its exit status, 1 where a signal ended it. */
function run(command, commandArgs, { heard, env } = {}) {
  const child = spawn(command.startsWith('/') ? command : join(BIN, command), commandArgs, {
    cwd: ROOT,
    env,
    stdio: heard ? ['inherit', 'pipe', 'pipe'] : 'inherit',
  });
  child.stdout?.on('data', heard);
  child.stderr?.on('data', heard);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });
}
