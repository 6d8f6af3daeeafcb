// What a model of a Python framework costs to start and to ask, served by Slipway, converted to ONNX (`auto`) and not (`none`), beside FastAPI with the framework and KServe's server: the same files, one thread each, in turns.
// And from such a model dropped in the bucket of a Slipway that runs to its first right answer: the others have no such thing, and only their start.
// `node bench/python-servers.ts [FOLDER] [ROUNDS]`; what it prepares is kept in FOLDER. PYTHON is a Python from 3.11 to 3.13 with pip, `python3` where it is not given.
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { spread } from './figures.ts';
import { KINDS, type Kind, prepare } from './python-servers/prepare.ts';
import { emptySeen, print } from './python-servers/report.ts';
import { bundleOnnxServer, SIDES } from './python-servers/servers.ts';
import { dropped, turn } from './python-servers/turns.ts';

const FOLDER = process.argv[2] ?? join(tmpdir(), 'slipway-bench-python-servers');
const ROUNDS = Number(process.argv[3] ?? 5);
// A job begins while one as long as the longest so far still ends within this.
const MOST_MS = 330_000;

await bundleOnnxServer();
const prepared = await prepare(FOLDER, process.env['PYTHON'] ?? 'python3');
const seen = emptySeen();
const loads: number[] = [];
const startedAtMs = performance.now();
try {
  await runInTime(Array.from({ length: ROUNDS }, (_, round) => jobsOf(round)).flat());
} finally {
  await prepared.slipway.stop();
}
const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(0);
console.log(`min / median / max of as many rounds as ${seconds} s had time for, at most ${ROUNDS}`);
console.log(
  `load of this machine of ${availableParallelism()} cores meanwhile ${spread(loads, 1)}`,
);
print(prepared, seen);

type Job = () => Promise<void>;

/** All sides of each model in turn, another one first in each round; and each model dropped, converted in every other round. */
function jobsOf(round: number): readonly Job[] {
  const sides = [...SIDES.slice(round % SIDES.length), ...SIDES].slice(0, SIDES.length);
  const optimize = round % 2 === 0 ? 'auto' : 'none';
  const measure = (kind: Kind) => async () => {
    for (const side of sides) seen.costs[kind][side].push(await turn(prepared, kind, side));
  };
  const drop = (kind: Kind) => async () => {
    seen.drops[kind][optimize].push(await dropped(prepared, kind, optimize));
  };
  return [...KINDS.map(measure), ...KINDS.map(drop)];
}

async function runInTime(jobs: readonly Job[]): Promise<void> {
  let longestMs = 0;
  for (const [index, job] of jobs.entries()) {
    const jobAtMs = performance.now();
    if (jobAtMs - startedAtMs + longestMs > MOST_MS) return;
    await job();
    longestMs = Math.max(longestMs, performance.now() - jobAtMs);
    loads.push(loadavg()[0] ?? NaN);
    console.error(`${index + 1} of ${jobs.length}`);
  }
}
