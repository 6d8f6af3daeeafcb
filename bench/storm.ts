// Measures how a storm of drops slows the live models: `node bench/storm.ts [MODELS] [BROKEN] [TINY]`.
// It sends requests to a live model while nothing else happens and while the first versions of MODELS others are deployed, in turns; it measures how long a good drop takes behind BROKEN broken ones, and how much of 2,000 MiB TINY models hold.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { addConstantModel, wrongDomainModel } from '../test/support/models/onnx.ts';
import {
  processesOf,
  type RunningSlipway,
  startSlipway,
  temporaryFolder,
} from '../test/support/slipway/running.ts';
import { row } from './figures.ts';

const MODELS = Number(process.argv[2] ?? 60);
const BROKEN = Number(process.argv[3] ?? 200);
const TINY = Number(process.argv[4] ?? 120);
const BUDGET_MIB = 2_000;
const ROUNDS = 2;
const QUIET_MS = 5_000;
const PAUSE_MS = 20;
const REQUEST = { inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [1] }] };

await measureLive();
await measureGood();
await measureMemory();

async function measureLive(): Promise<void> {
  await using folder = await temporaryFolder();
  await using slipway = await startSlipway(folder.path);
  slipway.drop('models/live/model.onnx', addConstantModel({ constant: 1 }));
  await slipway.ending('live', 1);
  const took: Record<'quiet' | 'storm', number[]> = { quiet: [], storm: [] };
  const stormSeconds: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await asked(slipway, took.quiet, sleep(QUIET_MS));
    const startedMs = performance.now();
    await asked(slipway, took.storm, storm(slipway, `first-${round}`, MODELS));
    stormSeconds.push((performance.now() - startedMs) / 1000);
  }
  console.log(`a live model, while ${MODELS} first drops are deployed`);
  for (const [when, times] of Object.entries(took)) {
    console.log(
      row(when, `p50 ${at(times, 0.5)} ms, p99 ${at(times, 0.99)} ms, ${times.length} requests`),
    );
  }
  const ratio = median(took.storm) / median(took.quiet);
  console.log(row('p50 in the storm', `${ratio.toFixed(1)} times that of the quiet`));
  console.log(
    row('all of them Live', stormSeconds.map((seconds) => `${seconds.toFixed(0)} s`).join(', ')),
  );
}

/** Calls the live model again and again until `end`. */
async function asked(
  slipway: RunningSlipway,
  took: number[],
  end: Promise<unknown>,
): Promise<void> {
  let isOver = false;
  const over = end.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    const startedMs = performance.now();
    const response = await slipway.infer('live', REQUEST);
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`the live model answered ${response.status}`);
    took.push(performance.now() - startedMs);
    await sleep(PAUSE_MS);
  }
  await over;
}

async function storm(slipway: RunningSlipway, prefix: string, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
  for (const [index, name] of names.entries()) {
    slipway.drop(`models/${name}/model.onnx`, addConstantModel({ constant: index }));
  }
  await Promise.all(names.map((name) => isLive(slipway, name)));
}

async function isLive(slipway: RunningSlipway, name: string): Promise<void> {
  const { detail } = await slipway.ending(name, 1);
  if (detail.state !== 'Live') throw new Error(`${name} is ${detail.state}: ${detail.reason}`);
}

/** Half of the broken ones are refused by inspection, and half fail as they are loaded. */
async function measureGood(): Promise<void> {
  await using folder = await temporaryFolder();
  await using slipway = await startSlipway(folder.path);
  for (let index = 0; index < BROKEN; index += 1) {
    const bytes = index % 2 === 0 ? Buffer.from(`broken ${index}`) : wrongDomainModel();
    slipway.drop(`models/broken-${index}/model.onnx`, bytes);
  }
  const startedMs = performance.now();
  slipway.drop('models/good/model.onnx', addConstantModel({ constant: 1 }));
  await isLive(slipway, 'good');
  const seconds = (performance.now() - startedMs) / 1000;
  console.log(
    row(`a good drop behind ${BROKEN} broken ones`, `Live after ${seconds.toFixed(1)} s`),
  );
}

async function measureMemory(): Promise<void> {
  await using folder = await temporaryFolder();
  await using slipway = await startSlipway(folder.path, { config: { memoryMiB: BUDGET_MIB } });
  let mostMiB = 0;
  let isOver = false;
  const over = storm(slipway, 'tiny', TINY).finally(() => {
    isOver = true;
  });
  while (!isOver) {
    const heldMiB = processesOf(folder.path).reduce((sum, pid) => sum + residentMiB(pid), 0);
    mostMiB = Math.max(mostMiB, heldMiB);
    await sleep(200);
  }
  await over;
  console.log(
    row(`${TINY} tiny models hold at most`, `${mostMiB} MiB; the budget is ${BUDGET_MIB}`),
  );
}

function residentMiB(pid: number): number {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Math.round(Number(kilobytes ?? 0) / 1024);
  } catch {
    return 0;
  }
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
}

function at(times: readonly number[], share: number): string {
  const sorted = times.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(1);
}
