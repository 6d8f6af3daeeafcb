// Measures the inspection of models from 1 MB to 20 GB, by format: time, CPU and peak memory of a whole process, beside `sha256sum` of as many bytes. Joblib and CatBoost files are sparse: begin and end are real, between them are zeros. The others are read whole, and have trees from begin to end.
// `node bench/inspection.ts [MB...]`
import { execFile } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  type LargeModel,
  largeCatboost,
  largeJoblib,
  largeXgboost,
  type Repeated,
  wholeLightgbm,
} from '../test/support/models/large.ts';
import { row, spread } from './figures.ts';

const run = promisify(execFile);
const SIZES = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1, 100, 1000, 20_000];
/** The sha256 of 20 GB takes a minute. */
const roundsOf = (size: number) => (size > 1000 ? 1 : 3);

const FORMATS: Readonly<Record<string, (bytes: number) => LargeModel | Repeated>> = {
  'sklearn (joblib)': largeJoblib,
  'xgboost (json)': (bytes) => ofTrees('json', bytes),
  'xgboost (ubj)': (bytes) => ofTrees('ubj', bytes),
  lightgbm: ofLightgbm,
  catboost: largeCatboost,
};

/** Larger models would be made in memory at once, or take minutes to read. */
const BOOSTERS_TO_MB = 1000;

function ofTrees(format: 'json' | 'ubj', bytes: number): Repeated {
  return largeXgboost(format, Math.ceil(bytes / largeXgboost(format, 1).tree(1).length));
}

function ofLightgbm(bytes: number): LargeModel {
  const trees = 3 * Math.ceil(bytes / wholeLightgbm(3).length);
  return { name: 'model.txt', head: wholeLightgbm(trees), tail: new Uint8Array() };
}

const INSPECT = `
import { fileSource } from './src/adapters/local/bucket/file-source.ts';
import { inspectFiles } from './src/formats/inspect.ts';
import { parseManifest } from './src/formats/manifest/manifest-yaml.ts';
const [path, name, size] = process.argv.slice(1);
const sizeBytes = Number(size);
const file = { name, sizeBytes, open: async () => fileSource(path, sizeBytes) };
const began = performance.now();
const usedBefore = process.cpuUsage();
const { format } = await inspectFiles([file], { maxBytes: 2 ** 40, manifest: parseManifest('', '') });
const ms = performance.now() - began;
const { user, system } = process.cpuUsage(usedBefore);
const cpuMs = (user + system) / 1000;
console.log(JSON.stringify({ format, ms, cpuMs, peakMiB: process.resourceUsage().maxRSS / 1024 }));
`;

const folder = await mkdtemp(join(tmpdir(), 'slipway-bench-'));
const path = join(folder, 'model');
for (const size of SIZES) {
  console.log(
    `\n${size} MB: inspection ms; its CPU ms; whole process ms; its most memory MiB (min / median / max)`,
  );
  const figures = new Map<
    string,
    { ms: number; cpuMs: number; wholeMs: number; peakMiB: number }[]
  >();
  const sums: number[] = [];
  for (let round = 0; round < roundsOf(size); round += 1) {
    for (const [name, model] of Object.entries(FORMATS)) {
      if (size > BOOSTERS_TO_MB && /boost|gbm/.test(name) && name !== 'catboost') continue;
      const large = model(size * 1e6);
      const sizeBytes = await ('trees' in large
        ? writeTrees(large)
        : writeSparse(large, name === 'lightgbm' ? 0 : size * 1e6));
      const seen = figures.get(name) ?? [];
      figures.set(name, [...seen, await inspected(large.name, sizeBytes)]);
    }
    const began = performance.now();
    await run('sha256sum', [path]);
    sums.push(performance.now() - began);
  }
  for (const [name, seen] of figures) {
    const of = (what: 'ms' | 'cpuMs' | 'wholeMs' | 'peakMiB') =>
      spread(seen.map((each) => each[what]));
    console.log(row(name, `${of('ms')}; ${of('cpuMs')}; ${of('wholeMs')}; ${of('peakMiB')}`));
  }
  console.log(row('sha256sum', spread(sums)));
}
await rm(folder, { recursive: true });

async function writeSparse({ head, tail }: LargeModel, gapBytes: number): Promise<number> {
  await rm(path, { force: true });
  await using file = await open(path, 'w');
  await file.write(head, 0, head.length, 0);
  await file.write(tail, 0, tail.length, head.length + gapBytes);
  return head.length + gapBytes + tail.length;
}

async function writeTrees({ head, tree, trees, tail }: Repeated): Promise<number> {
  const atOnce = 1000;
  await using file = await open(path, 'w');
  await file.write(head);
  for (let at = 0; at < trees; at += atOnce) {
    const length = Math.min(atOnce, trees - at);
    await file.write(Buffer.concat(Array.from({ length }, (_, next) => tree(at + next))));
  }
  await file.write(tail);
  return (await file.stat()).size;
}

async function inspected(name: string, sizeBytes: number) {
  const began = performance.now();
  const given = ['--input-type=module', '--eval', INSPECT, path, name, String(sizeBytes)];
  const { stdout } = await run(process.execPath, given);
  const { ms, cpuMs, peakMiB } = JSON.parse(stdout);
  return { ms, cpuMs, peakMiB, wholeMs: performance.now() - began };
}
