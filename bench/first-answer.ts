// From a model dropped in the bucket to its first right answer, beside the bare cost of starting the same model server and calling it.
// Both sides take turns in one run. `node bench/first-answer.ts [ROUNDS]`
import { copyFile, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { drawLine } from '../src/cli/demo/line-image.ts';
import { READER_MODEL, readerRequest, readText } from '../src/cli/demo/line-reader.ts';
import { eventually } from '../test/support/clock/eventually.ts';
import { startSlipway } from '../test/support/slipway/running.ts';
import { bareStart } from './bare-server.ts';
import { row, spread } from './figures.ts';

const TEXT = 'Total 431.50';
const ROUNDS = Number(process.argv[2] ?? 7);
const body = JSON.stringify(readerRequest(drawLine(TEXT)));

const folder = await mkdtemp(join(tmpdir(), 'slipway-bench-'));
const slipway = await startSlipway(folder);
const aside = join(folder, 'aside.onnx');
/** From the end of a plain copy to the admission: the wait for the file to settle, and its intake. */
const settleTimes: number[] = [];
const times: Record<'bare' | 'renamed' | 'pushed' | 'copied', number[]> = {
  bare: [],
  renamed: [],
  pushed: [],
  copied: [],
};
for (let round = 0; round < ROUNDS; round += 1) {
  // As a user has it: written a while before it is moved into the bucket.
  await copyFile(READER_MODEL, aside);
  times.bare.push(await bareStart(READER_MODEL, rightAnswer));
  times.renamed.push(await dropped(`renamed-${round}`, renameIn));
  times.pushed.push(await dropped(`pushed-${round}`, push));
  times.copied.push(await dropped(`copied-${round}`, copyIn));
}
await slipway.stop();
await rm(folder, { recursive: true });

console.log(
  `drop → first right answer, ${ROUNDS} rounds, ms (min / median / max), and the ratio to a bare start, round by round`,
);
for (const [way, values] of Object.entries(times)) {
  const ratios = values.map((value, round) => value / (times.bare[round] ?? Number.NaN));
  console.log(`${row(way, spread(values))}    × ${spread(ratios, 2)}`);
}
console.log(row('end of cp → Admitted', spread(settleTimes)));

async function dropped(model: string, drop: (model: string) => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await drop(model);
  const endpoint = `${slipway.gateway}/models/${model}`;
  while (!(await isReady(endpoint))) await sleep(1);
  await rightAnswer(`${endpoint}/v2/models/${model}/infer`);
  const tookMs = performance.now() - startedAt;
  await slipway.ending(model, 1);
  return tookMs;
}

async function renameIn(model: string): Promise<void> {
  await mkdir(join(folder, 'bucket', 'models', model), { recursive: true });
  await rename(aside, join(folder, 'bucket', 'models', model, 'ocr.onnx'));
}

async function copyIn(model: string): Promise<void> {
  await mkdir(join(folder, 'bucket', 'models', model), { recursive: true });
  await copyFile(READER_MODEL, join(folder, 'bucket', 'models', model, 'ocr.onnx'));
  const copiedAtMs = Date.now();
  const [admitted] = await eventually(async () => {
    const events = await slipway.events(model);
    return events.length > 0 && events;
  });
  settleTimes.push(Date.parse(admitted?.detail.time ?? '') - copiedAtMs);
}

async function push(model: string): Promise<void> {
  await fetch(`${slipway.control}/objects/models/${model}/ocr.onnx`, {
    method: 'PUT',
    body: await readFile(READER_MODEL),
  });
}

async function isReady(endpoint: string): Promise<boolean> {
  const response = await fetch(`${endpoint}/ping`);
  await response.arrayBuffer();
  return response.status === 200;
}

/** Holds the answer to the text that was drawn. */
async function rightAnswer(url: string): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  const read = readText(await response.json());
  if (read !== TEXT) throw new Error(`read ${read}, drawn was ${TEXT}`);
}
