// Sends steady requests while a model changes again and again: upgrades, rollbacks, versions that do not load, and kills of its server. Counts wrong answers and lost requests.
// `node bench/soak.ts [--seconds 60] [--rate 50] [--changes upgrade,broken,rollback,kill] [--target fargate]`
// Ends with 1 where an answer was wrong, a request was lost while no server had been killed, or a change did not end as it should.
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { eventually } from '../test/support/clock/eventually.ts';
import { addConstantModel, unknownOperatorModel } from '../test/support/models/onnx.ts';
import { call } from '../test/support/slipway/clients.ts';
import { processesOf, startSlipway, temporaryFolder } from '../test/support/slipway/running.ts';
import { row, spread } from './figures.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    rate: { type: 'string', default: '50' },
    changes: { type: 'string', default: 'upgrade,broken,rollback,kill' },
    target: { type: 'string', default: 'fargate' },
  },
});

type Change = 'upgrade' | 'broken' | 'rollback' | 'kill';

const MODEL = 'soak';
const FILE = `models/${MODEL}/model.onnx`;
// The numbers that a request asks for are 1 and 2; a version adds its own constant to them.
const ASKED = [1, 2];

await using folder = await temporaryFolder();
await using slipway = await startSlipway(folder.path);
const servers = join(folder.path, 'revisions');
const own = slipway.process.pid ?? 0;

/** The answer of each version that went live, by its revision. */
const right = new Map<string, string>();
/** How often each revision gave each answer. */
const answered = new Map<string, number>();
const tookMs: number[] = [];
const lost: string[] = [];
const lostByKills: string[] = [];
const faults: string[] = [];
const changeMs: Record<Change, number[]> = { upgrade: [], broken: [], rollback: [], kill: [] };
const CHANGES: Readonly<Record<Change, () => Promise<void>>> = { upgrade, broken, rollback, kill };
let constant = 0;
let endings = 0;
let kills = 0;
// The server that was killed, until another one answers; 0 when no server was killed.
let killedPid = 0;

slipway.drop(`${FILE}.yaml`, `placement: { target: ${values.target} }\n`);
// A rollback needs a version to go back to.
await upgrade();
await upgrade();

const startMiB = residentMiB();
const endMs = performance.now() + Number(values.seconds) * 1000;
const asking = askSteadily();
await changeSteadily();
const requests = await asking;

report();
process.exitCode = faults.length > 0 || lost.length > 0 || requests === 0 ? 1 : 0;
await slipway.stop();

/** Begins requests at the rate, regardless of earlier ones; returns their number. */
async function askSteadily(): Promise<number> {
  const under: Promise<void>[] = [];
  const startMs = performance.now();
  for (let index = 0; performance.now() < endMs; index += 1) {
    under.push(ask());
    const nextMs = startMs + ((index + 1) * 1000) / Number(values.rate);
    await sleep(Math.max(0, nextMs - performance.now()));
  }
  await Promise.all(under);
  return under.length;
}

async function ask(): Promise<void> {
  const beganMs = performance.now();
  const [killsBefore, wasKilled] = [kills, killedPid !== 0];
  const { status, revision, data } = await call(slipway, MODEL);
  tookMs.push(performance.now() - beganMs);
  if (status === 200) {
    const key = `${revision} ${data}`;
    answered.set(key, (answered.get(key) ?? 0) + 1);
  } else {
    // A client of a killed server gets no answer until another server is ready.
    const isByKill = kills > killsBefore || wasKilled;
    (isByKill ? lostByKills : lost).push(`${status} ${JSON.stringify(data)}`);
  }
}

async function changeSteadily(): Promise<void> {
  const cycle = values.changes.split(',').map((name) => {
    if (name in changeMs) return name as Change;
    throw new Error(`${name} is not one of ${Object.keys(changeMs).join(', ')}`);
  });
  for (let index = 0; performance.now() < endMs; index += 1) {
    const change = cycle[index % cycle.length] ?? 'upgrade';
    const beganMs = performance.now();
    await CHANGES[change]();
    changeMs[change].push(performance.now() - beganMs);
  }
}

async function upgrade(): Promise<void> {
  constant += 1;
  slipway.drop(FILE, addConstantModel({ constant }));
  const { version } = await ends('Live');
  right.set(`${MODEL}-v${version}`, String(ASKED.map((value) => value + constant)));
}

async function broken(): Promise<void> {
  slipway.drop(FILE, unknownOperatorModel());
  await ends('Rejected', 'Failed', 'RolledBack', 'Ignored');
}

async function rollback(): Promise<void> {
  await slipway.ask(MODEL, 'rollback');
  await ends('Live', 'RolledBack');
}

async function kill(): Promise<void> {
  const { live } = (await slipway.get(`/models/${MODEL}`)) as { live: { revision: string } };
  const [pid] = processesOf(`${join(servers, live.revision)}/`);
  // A server that was idle has been stopped.
  if (pid === undefined) return;
  killedPid = pid;
  kills += 1;
  process.kill(killedPid, 'SIGKILL');
  await eventually(async () => (await call(slipway, MODEL)).status === 200);
  killedPid = 0;
}

/** The next end of a deployment; any other end is a fault. */
async function ends(...states: readonly string[]) {
  endings += 1;
  const { detail } = await slipway.ending(MODEL, endings);
  if (!states.includes(detail.state)) {
    faults.push(`version ${detail.version} is ${detail.state}, not ${states}: ${detail.reason}`);
  }
  return detail;
}

function report(): void {
  for (const [key, count] of answered) {
    const [revision = '', data] = key.split(' ');
    if (right.get(revision) !== data) faults.push(`${count} wrong answers: ${key}`);
  }
  const sorted = tookMs.toSorted((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor((sorted.length - 1) * share)] ?? NaN).toFixed(1);
  const changes = Object.entries(changeMs).filter(([, all]) => all.length > 0);
  console.log(
    `${values.rate} requests a second for ${values.seconds} s; load average ${loadavg()[0]?.toFixed(1)}`,
  );
  console.log(row('requests', String(requests)));
  console.log(row('  p50 / p99, ms', `${at(0.5)} / ${at(0.99)}`));
  for (const [name, all] of changes) {
    const seconds = all.map((ms) => ms / 1000);
    console.log(row(name, `${all.length}, s (min / median / max): ${spread(seconds, 1)}`));
  }
  console.log(row('lost', String(lost.length)));
  console.log(row('  while a killed server was away', String(lostByKills.length)));
  console.log(row('wrong, or ended otherwise', String(faults.length)));
  console.log(row('Slipway, RSS', `${startMiB} MiB, then ${residentMiB()} MiB`));
  console.log(row('model servers at the end', String(processesOf(servers).length)));
  for (const each of [...faults, ...lost].slice(0, 10)) console.log(`  ${each}`);
}

function residentMiB(): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${own}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes) / 1024);
}
