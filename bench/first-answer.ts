// From a model dropped in the bucket to its first right answer, beside the bare cost of starting the same model server and calling it.
// Both sides take turns in one run. `node bench/first-answer.ts [ROUNDS]`
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drawLine } from '../src/cli/demo/line-image.ts';
import { READER_MODEL, readerRequest, readText } from '../src/cli/demo/line-reader.ts';
import { readLocalConfig } from '../src/compose/config.ts';
import { startLocal } from '../src/compose/local.ts';
import { row, spread } from './figures.ts';

const TEXT = 'Total 431.50';
const ROUNDS = Number(process.argv[2] ?? 7);
const SERVER = fileURLToPath(new URL('../runtimes/onnx/main.ts', import.meta.url));
const body = JSON.stringify(readerRequest(drawLine(TEXT)));

const folder = await mkdtemp(join(tmpdir(), 'slipway-bench-'));
const slipway = await startLocal(
  readLocalConfig({ dataDir: folder, gatewayPort: 0, controlPort: 0 }),
  { report: console.error },
);
const aside = join(folder, 'aside.onnx');
const times: Record<'bare' | 'renamed' | 'pushed' | 'copied', number[]> = {
  bare: [],
  renamed: [],
  pushed: [],
  copied: [],
};
for (let round = 0; round < ROUNDS; round += 1) {
  // As a user has it: written a while before it is moved into the bucket.
  await copyFile(READER_MODEL, aside);
  times.bare.push(await bareStart());
  times.renamed.push(await dropped(`renamed-${round}`, renameIn));
  times.pushed.push(await dropped(`pushed-${round}`, push));
  times.copied.push(await dropped(`copied-${round}`, copyIn));
}
await slipway.stop();
await rm(folder, { recursive: true });

console.log(`drop → first right answer, ${ROUNDS} rounds, ms (min / median / max), and the ratio to a bare start, round by round`);
for (const [way, values] of Object.entries(times)) {
  const ratios = values.map((value, round) => value / (times.bare[round] ?? Number.NaN));
  console.log(`${row(way, spread(values))}    × ${spread(ratios, 2)}`);
}
const settle = times.copied.map((value, round) => value - (times.renamed[round] ?? Number.NaN));
console.log(row('settle of cp', spread(settle)));

async function bareStart(): Promise<number> {
  const startedAt = performance.now();
  const server = fork(SERVER, {
    env: { PATH: process.env['PATH'], MODEL_PATH: READER_MODEL, MODEL_NAME: 'ocr', PORT: '0' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  let port = 0;
  await new Promise<void>((ready) => {
    server.on('message', (message: { listening?: number; ready?: boolean }) => {
      port = message.listening ?? port;
      if (message.ready) ready();
    });
  });
  await rightAnswer(`http://127.0.0.1:${port}/v2/models/ocr/infer`);
  const tookMs = performance.now() - startedAt;
  const exited = once(server, 'exit');
  server.kill('SIGTERM');
  await exited;
  return tookMs;
}

async function dropped(model: string, drop: (model: string) => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await drop(model);
  await rightAnswer(`${slipway.gateway}/models/${model}/v2/models/${model}/infer`);
  const tookMs = performance.now() - startedAt;
  await ended(model);
  return tookMs;
}

async function renameIn(model: string): Promise<void> {
  await mkdir(join(slipway.bucketDir, 'models', model), { recursive: true });
  await rename(aside, join(slipway.bucketDir, 'models', model, 'ocr.onnx'));
}

async function copyIn(model: string): Promise<void> {
  await mkdir(join(slipway.bucketDir, 'models', model), { recursive: true });
  await copyFile(READER_MODEL, join(slipway.bucketDir, 'models', model, 'ocr.onnx'));
}

async function push(model: string): Promise<void> {
  await fetch(`${slipway.control}/objects/models/${model}/ocr.onnx`, {
    method: 'PUT',
    body: await readFile(READER_MODEL),
  });
}

/** Asks until the answer is 200, and holds it to the text that was drawn. */
async function rightAnswer(url: string): Promise<void> {
  for (;;) {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    const answer = await response.json();
    if (response.status !== 200) continue;
    const read = readText(answer);
    if (read !== TEXT) throw new Error(`read ${read}, drawn was ${TEXT}`);
    return;
  }
}

async function ended(model: string): Promise<void> {
  while (!(await slipway.isLive(model))) await new Promise(setImmediate);
}
