// What it takes to inspect a model from 1 MB to 20 GB, by format: time and most memory of a whole process, beside `sha256sum` of as many bytes. The files are sparse: begin and end are real, between them are zeros.
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
  largeLightgbm,
  largeXgboost,
} from '../test/support/large-models.ts';
import { row, spread } from './figures.ts';

const run = promisify(execFile);
const SIZES = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1, 100, 1000, 20_000];
/** A sum of 20 GB takes a minute. */
const roundsOf = (size: number) => (size > 1000 ? 1 : 3);

const FORMATS: Readonly<Record<string, (bytes: number) => LargeModel>> = {
  'sklearn (joblib)': largeJoblib,
  'xgboost (json)': () => largeXgboost('json'),
  'xgboost (ubj)': () => largeXgboost('ubj'),
  lightgbm: largeLightgbm,
  catboost: largeCatboost,
};

/** Below this a file is read to its end, and zeros are no trees. */
const BOOSTERS_FROM_MB = 100;

const INSPECT = `
import { fileSource } from './src/adapters/local/file-source.ts';
import { inspectFiles } from './src/formats/inspect.ts';
import { parseManifest } from './src/formats/manifest-yaml.ts';
const [path, name, size] = process.argv.slice(1);
const sizeBytes = Number(size);
const file = { name, sizeBytes, open: async () => fileSource(path, sizeBytes) };
const began = performance.now();
const { format } = await inspectFiles([file], { maxBytes: 2 ** 40, manifest: parseManifest('', '') });
const ms = performance.now() - began;
console.log(JSON.stringify({ format, ms, peakMiB: process.resourceUsage().maxRSS / 1024 }));
`;

const folder = await mkdtemp(join(tmpdir(), 'slipway-bench-'));
const path = join(folder, 'model');
for (const size of SIZES) {
  console.log(
    `\n${size} MB: inspection ms; whole process ms; its most memory MiB (min / median / max)`,
  );
  const figures = new Map<string, { ms: number; wholeMs: number; peakMiB: number }[]>();
  const sums: number[] = [];
  for (let round = 0; round < roundsOf(size); round += 1) {
    for (const [name, model] of Object.entries(FORMATS)) {
      if (size < BOOSTERS_FROM_MB && name !== 'sklearn (joblib)') continue;
      const large = model(size * 1e6);
      const sizeBytes = await writeSparse(large, size * 1e6);
      const seen = figures.get(name) ?? [];
      figures.set(name, [...seen, await inspected(large.name, sizeBytes)]);
    }
    const began = performance.now();
    await run('sha256sum', [path]);
    sums.push(performance.now() - began);
  }
  for (const [name, seen] of figures) {
    const of = (what: 'ms' | 'wholeMs' | 'peakMiB') => spread(seen.map((each) => each[what]));
    console.log(row(name, `${of('ms')}; ${of('wholeMs')}; ${of('peakMiB')}`));
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

async function inspected(name: string, sizeBytes: number) {
  const began = performance.now();
  const given = ['--input-type=module', '--eval', INSPECT, path, name, String(sizeBytes)];
  const { stdout } = await run(process.execPath, given);
  const { ms, peakMiB } = JSON.parse(stdout);
  return { ms, peakMiB, wholeMs: performance.now() - began };
}
