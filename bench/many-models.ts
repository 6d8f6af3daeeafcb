// Measures the cost of many models on one machine: how fast they are deployed, and what each costs while nobody calls it, on Lambda (stopped when idle) and on Fargate (always one replica).
// The models are a few hundred bytes, so the figures are those of Slipway and its model server. `node bench/many-models.ts [MODELS] [WATCH_SECONDS]`
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { addConstantModel } from '../test/support/models/onnx.ts';
import {
  processesOf,
  type RunningSlipway,
  startSlipway,
  temporaryFolder,
} from '../test/support/slipway/running.ts';
import { row } from './figures.ts';

const MODELS = Number(process.argv[2] ?? 100);
const WATCH_SECONDS = Number(process.argv[3] ?? 20);
const IDLE_SECONDS = 5;
// How long the last of the models may take to stop.
const LONGEST_IDLE_SECONDS = 60;
const PLACES = [
  // All of them stop, because nobody calls them.
  { target: 'lambda', running: 0 },
  { target: 'fargate', running: 1 },
] as const;
// USER_HZ, the unit of the times in /proc/PID/stat: 100 on every architecture that Node runs on.
const TICKS_A_SECOND = 100;

for (const { target, running } of PLACES) await measure(target, running);

async function measure(target: string, running: number): Promise<void> {
  await using folder = await temporaryFolder();
  await using slipway = await startSlipway(folder.path, { config: { idleSeconds: IDLE_SECONDS } });
  // The spare server is not counted: it serves no model yet.
  const models = join(folder.path, 'revisions');
  const own = slipway.process.pid ?? 0;
  const emptyMiB = residentMiB(own);

  const startedMs = performance.now();
  await deployAll(slipway, target);
  const minutes = (performance.now() - startedMs) / 60_000;
  await untilRunning(models, MODELS * running);
  const servers = processesOf(models);
  const before = cpuSeconds([own, ...servers]);
  await sleep(WATCH_SECONDS * 1000);
  const busy = (cpuSeconds([own, ...servers]) - before) / WATCH_SECONDS;

  console.log(`${MODELS} models on ${target}`);
  console.log(row('deployments a minute', (MODELS / minutes).toFixed(0)));
  console.log(row('Slipway, RSS', `${emptyMiB} MiB empty, ${residentMiB(own)} MiB with them`));
  console.log(row('model servers', String(servers.length)));
  const memory = servers.map(privateMiB).reduce((sum, size) => sum + size, 0);
  console.log(row('  memory of their own', `${(memory / MODELS).toFixed(1)} MiB a model`));
  console.log(row('CPU while idle', `${(busy * 100).toFixed(1)} % of a core, all together`));
  await slipway.stop();
}

/** Drops all models at once, as `aws s3 sync` of a folder of models does. */
async function deployAll(slipway: RunningSlipway, target: string): Promise<void> {
  const names = Array.from({ length: MODELS }, (_, index) => `model-${index}`);
  for (const [index, name] of names.entries()) {
    const key = `models/${name}/model.onnx`;
    slipway.drop(`${key}.yaml`, `placement: { target: ${target} }\n`);
    slipway.drop(key, addConstantModel({ constant: index }));
  }
  for (const name of names) {
    const { detail } = await slipway.ending(name, 1);
    if (detail.state !== 'Live') throw new Error(`${name} is ${detail.state}: ${detail.reason}`);
  }
}

async function untilRunning(models: string, count: number): Promise<void> {
  for (let waited = 0; processesOf(models).length !== count; waited += 1) {
    if (waited === LONGEST_IDLE_SECONDS) throw new Error(`not ${count} model servers after 60 s`);
    await sleep(1000);
  }
}

function residentMiB(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes) / 1024);
}

/** The memory of a process without the part that processes of the same program share. */
function privateMiB(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const sizes = [...text.matchAll(/^Private_\w+:\s+(\d+) kB$/gm)].map(([, size]) => Number(size));
  return sizes.reduce((sum, size) => sum + size, 0) / 1024;
}

/** The CPU time of all their threads so far: fields 14 and 15, counted behind the name in brackets (proc(5)). */
function cpuSeconds(pids: readonly number[]): number {
  const living = new Set(readdirSync('/proc'));
  const ticks = pids.map((pid) => {
    if (!living.has(String(pid))) return 0;
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, count) => sum + count, 0) / TICKS_A_SECOND;
}
