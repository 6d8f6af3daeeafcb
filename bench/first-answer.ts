// Measures the time from a model dropped in the bucket to its first right answer, beside the bare cost of starting the same model server and calling it and, where PYTHON is one that has fastapi, uvicorn, uvloop, httptools and onnxruntime, beside a FastAPI that is started on the same file.
// All sides take turns in one run. `node bench/first-answer.ts [ROUNDS] [small|reader|large]`
import { copyFile, mkdir, mkdtemp, open, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../test/support/clock/eventually.ts';
import { processesOf, startSlipway } from '../test/support/slipway/running.ts';
import { bareStart } from './bare-server.ts';
import { startServer } from './beside/server.ts';
import { inTurns, ratiosOf } from './beside/turns.ts';
import { row, spread } from './figures.ts';
import { SUBJECTS } from './first-answer/models.ts';

const ROUNDS = Number(process.argv[2] ?? 7);
const KIND = process.argv[3] ?? 'small';
const PYTHON = process.env['PYTHON'];
// After this pause, each drop finds a new spare server.
const PAUSE_MS = 2_000;
/** Polling more often would take CPU time from the measured work. */
const POLL_MS = 5;

const folder = await mkdtemp(join(tmpdir(), 'slipway-bench-'));
const { path, body, check } = await (SUBJECTS[KIND] ?? unknownKind)(folder);
const slipway = await startSlipway(folder);
const aside = join(folder, 'aside.onnx');
/** The time from the end of a plain copy to the admission: the wait for the file to settle, and its intake. */
const settleTimes: number[] = [];
const spares: number[] = [];
const times = await inTurns(
  {
    'bare start': () => bareStart(path, rightAnswer),
    ...(PYTHON && { 'FastAPI start': () => fastapiStart(PYTHON) }),
    renamed: (round) => dropped(`renamed-${round}`, renameIn),
    pushed: (round) => dropped(`pushed-${round}`, push),
    copied: (round) => dropped(`copied-${round}`, copyIn),
  },
  ROUNDS,
);
await slipway.stop();
await rm(folder, { recursive: true });

console.log(`drop → first right answer of the ${KIND} model, ms`);
for (const [way, values] of Object.entries(times)) console.log(row(way, spread(values)));
for (const side of ['bare start', 'FastAPI start']) {
  const others = times[side];
  if (!others) continue;
  console.log(`a ${side} takes so many times as long, round by round (min / median / max)`);
  for (const way of ['renamed', 'pushed', 'copied']) {
    console.log(row(way, spread(ratiosOf(others, times[way] ?? []), 2)));
  }
}
console.log(row('end of cp → Admitted, ms', spread(settleTimes)));
console.log(row('the spare server holds, MiB', spread(spares)));

/** Starts FastAPI on the model, calls it, and ends it; returns the ms from the start to its right answer. */
async function fastapiStart(python: string): Promise<number> {
  const startedAt = performance.now();
  const server = await startServer({
    program: python,
    given: [join(import.meta.dirname, 'first-answer', 'fastapi_server.py')],
    environment: { MODEL_PATH: path },
  });
  try {
    while (!(await listens(server.origin))) {
      server.requireAlive();
      await sleep(POLL_MS);
    }
    await rightAnswer(`${server.origin}/infer`);
    return performance.now() - startedAt;
  } finally {
    await server.stop();
  }
}

function listens(url: string): Promise<boolean> {
  return fetch(url).then(
    async (response) => Boolean(await response.arrayBuffer()),
    () => false,
  );
}

async function dropped(model: string, drop: (model: string) => Promise<void>): Promise<number> {
  // A user has written the file a while before it is moved into the bucket, so that its bytes are on the disk.
  await copyFile(path, aside);
  await using file = await open(aside);
  await file.sync();
  await sleep(PAUSE_MS);
  spares.push(...(await Promise.all(processesOf(join(folder, 'spares')).map(proportionalMiB))));
  const startedAt = performance.now();
  await drop(model);
  const endpoint = `${slipway.gateway}/models/${model}`;
  while (!(await isReady(endpoint))) await sleep(POLL_MS);
  await rightAnswer(`${endpoint}/v2/models/${model}/infer`);
  const tookMs = performance.now() - startedAt;
  await slipway.ending(model, 1);
  return tookMs;
}

async function renameIn(model: string): Promise<void> {
  await mkdir(join(folder, 'bucket', 'models', model), { recursive: true });
  await rename(aside, join(folder, 'bucket', 'models', model, 'model.onnx'));
}

async function copyIn(model: string): Promise<void> {
  await mkdir(join(folder, 'bucket', 'models', model), { recursive: true });
  await copyFile(path, join(folder, 'bucket', 'models', model, 'model.onnx'));
  const copiedAtMs = Date.now();
  const [admitted] = await eventually(async () => {
    const events = await slipway.events(model);
    return events.length > 0 && events;
  });
  settleTimes.push(Date.parse(admitted?.detail.time ?? '') - copiedAtMs);
}

async function push(model: string): Promise<void> {
  await slipway.api(`/objects/models/${model}/model.onnx`, {
    method: 'PUT',
    body: await readFile(path),
  });
}

async function isReady(endpoint: string): Promise<boolean> {
  const response = await fetch(`${endpoint}/ping`);
  await response.arrayBuffer();
  return response.status === 200;
}

async function rightAnswer(url: string): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  check(await response.json());
}

/** A process's own memory, and its share of the memory that it shares with others. */
async function proportionalMiB(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1] ?? Number.NaN) / 1024;
}

function unknownKind(): never {
  throw new Error(`${KIND} is not one of ${Object.keys(SUBJECTS).join(', ')}`);
}
