// Runs every bench at its smallest, one after another, to see that each still ends well and prints figures. Figures of this size say little.
// `node bench/smallest.ts [--share | NAME...]`: all of them, a third that the seed chooses, or those that are named. A bench whose tools are missing is skipped, with the reason.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { argv, execPath, exit } from 'node:process';
import { text } from 'node:stream/consumers';
import { ADAPTER, CRANE } from '../test/docker/docker.ts';
import { share } from '../test/support/fuzz/runs.ts';
import { SEED } from '../test/support/fuzz/seeded.ts';
import { environmentOf } from './beside/python.ts';
import { row } from './figures.ts';

/** The smallest run of a bench: its arguments, and the reason if it cannot run here. */
type Smallest = { readonly args: readonly string[]; readonly lacks?: () => string | false };

const LONGEST_MS = 600_000;
// A process that ends with this status prints why it cannot run here.
const CANNOT = 3;

const lacksCommand = (name: string) => () =>
  spawnSync(name, ['--version']).error !== undefined && `${name} is not installed`;
// Hundreds of megabytes of packages, which the bench installs where it is run by hand.
const lacksPackages = async (bench: string, why: string) => {
  const requirements = join(import.meta.dirname, bench, 'requirements.txt');
  const isThere = existsSync(await environmentOf(requirements));
  return () => !isThere && `${why}, which it installs when it is run by hand`;
};
const lacksOthers = (bench: string, who: string) =>
  lacksPackages(bench, `it measures beside ${who}`);

export const SMALLEST: Readonly<Record<string, Smallest>> = {
  'append-weights': {
    args: ['1', '1'],
    lacks: () => {
      const isThere = [CRANE, ADAPTER].every((path) => existsSync(path));
      if (!isThere) return '.ci/docker has not installed its tools';
      return spawnSync('docker', ['version']).status !== 0 && 'no Docker engine answers';
    },
  },
  batching: { args: ['1', '50', 'of 3 layers'] },
  burst: { args: ['--rate', '20', '--seconds', '1', '--rounds', '1'] },
  capture: { args: ['1', '500'] },
  concurrency: {
    args: ['1', '200'],
    lacks: await lacksOthers('concurrency', 'LitServe and BentoML'),
  },
  'cpu-shares': {
    args: ['1', 'forest-100'],
    lacks: await lacksPackages('cpu-shares', 'it measures models of nine packages'),
  },
  cutover: {
    args: ['--requests', '400', '--rate', '100', '--cutovers', '2', '--rolled-back', '1'],
  },
  deep: {
    args: ['1'],
    lacks: () => 'it fetches torch and TensorFlow, 7 GB, where it is run by hand',
  },
  'fault-pairs': { args: ['--pairs', '10', '--seed', '1'] },
  'first-answer': { args: ['1', 'small'] },
  'first-model': {
    args: ['1'],
    lacks: () => 'it installs LitServe and BentoML with an empty cache each time',
  },
  'front-worker': { args: ['1', '50', 'echo'] },
  'function-init': { args: ['1'] },
  'fuzz-differential': { args: ['10', '1', 'zip'] },
  'fuzz-formats': { args: ['20', '1'] },
  'fuzz-pickles': { args: ['100', '1'] },
  gate: { args: ['1'] },
  'gate-texts': {
    args: ['2', '1'],
    lacks: () => 'it starts a language model 14 times, where it is run by hand',
  },
  'gateway-cpu': { args: ['1', '200'], lacks: lacksCommand('nginx') },
  gpu: { args: [] },
  hostile: { args: [] },
  inspection: { args: ['1'] },
  judging: { args: ['1', '100'] },
  'many-models': { args: ['2', '1'] },
  orchestration: { args: ['1'] },
  placement: { args: ['4', '5'] },
  'placement-traces': { args: ['1'] },
  'python-servers': {
    args: ['1', 'forest'],
    lacks: await lacksOthers('python-servers', 'FastAPI and KServe'),
  },
  recovery: { args: ['1'] },
  soak: { args: ['--seconds', '8', '--rate', '10'] },
  storm: { args: ['2', '2', '2'] },
  transitions: { args: [] },
};

if (import.meta.main) await main(argv.slice(2));

async function main(named: readonly string[]): Promise<void> {
  const count = { passed: 0, failed: 0, skipped: 0 };
  for (const name of chosen(named)) {
    const beganMs = performance.now();
    const { verdict, says } = await tried(name);
    count[verdict] += 1;
    const seconds = ((performance.now() - beganMs) / 1000).toFixed(0);
    console.log(row(name, `${verdict}, ${seconds} s${says && `: ${says}`}`));
  }
  console.log(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  exit(count.failed > 0 ? 1 : 0);
}

function chosen(named: readonly string[]): readonly string[] {
  const all = Object.keys(SMALLEST);
  if (named[0] !== '--share') return named.length > 0 ? named : all;
  const some = share(all);
  console.log(`${some.length} of ${all.length} benches; SLIPWAY_SEED=${SEED}\n`);
  return some;
}

type Tried = { readonly verdict: 'passed' | 'failed' | 'skipped'; readonly says: string };

async function tried(name: string): Promise<Tried> {
  const smallest = SMALLEST[name];
  if (!smallest) throw new Error(`${name} is not one of ${Object.keys(SMALLEST).join(', ')}`);
  const lacks = smallest.lacks?.();
  if (lacks) return { verdict: 'skipped', says: lacks };
  const child = spawn(execPath, [join(import.meta.dirname, `${name}.ts`), ...smallest.args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LONGEST_MS,
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (code === CANNOT) return { verdict: 'skipped', says: err.trim() };
  const why = code === 0 ? faultOf(out) : `exit status ${code}\n${out}\n${err}`;
  return why ? { verdict: 'failed', says: why } : { verdict: 'passed', says: '' };
}

/** The reason why a bench's output is not a measurement. */
function faultOf(out: string): string | undefined {
  const odd = /\b(NaN|undefined|Infinity)\b/.exec(out)?.[0];
  if (odd) return `it printed ${odd}\n${out}`;
  return /\d/.test(out) ? undefined : `it printed no figure\n${out}`;
}
