// Measures how long the gate takes for 2,000 requests over a table, and how clients of the live version fare meanwhile: two ONNX servers of one model behind the gateway of one machine, asked by the step CompareAnswers, on a thread of its own as there, or on that of the gateway.
// Requests of clients are kept sealed, with their answers, so the live version answers few of them again, and the time to open them counts; it answers each example that has no `expect`.
// A client asks without a pause, or 100 times a second, and the judgement gives way to it.
// `node bench/judging.ts [ROUNDS [REQUESTS [WHICH]]]`; WHICH is a part of the name of a case, such as `100 a second`.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import { stopServers } from '../test/runtimes/model-server.ts';
import { onnx } from '../test/runtimes/onnx-runtime.ts';
import { cpuMs } from './beside/process-tree.ts';
import { type Server, startServer } from './beside/server.ts';
import { row, spread } from './figures.ts';
import type { Judged, Judgement, Kept } from './judging/machine.ts';

const [rounds = 5, count = 2000] = process.argv.slice(2, 4).map(Number);
const only = process.argv[4] ?? '';
const WARMING = 500;
const POLL_MS = 10;
const ALONE_MS = 2000;
const PERIOD_MS = 10;
const REQUESTS: readonly GoldenRequest[] = Array.from({ length: count }, (_, at) => ({
  protocol: 'invocations',
  body: { dataframe_records: [{ weight: at + 0.5, pieces: at % 7, name: `row ${at}` }] },
}));
const CLIENTS = { 'no client': idle, '100 a second': regular, 'without a pause': endless };
const THREADS = { 'a thread of its own': true, "the gateway's": false };

const model = await onnx.models.columns();
const [live, candidate] = [await started('m-v1'), await started('m-v2')];
const machine = fork(new URL('./judging/machine.ts', import.meta.url), [
  live.origin,
  candidate.origin,
  String(model['MODEL_PATH']),
]);
const [origin] = await once(machine, 'message');
const pool = new Pool(String(origin));
for (let at = 0; at < WARMING; at += 1) await asked(at);
const exchanges: Kept['exchanges'][number][] = [];
for (const [at, { body }] of REQUESTS.entries()) {
  exchanges.push({ body: JSON.stringify(body), answer: await asked(at) });
}
machine.send({ exchanges } satisfies Kept);
await once(machine, 'message');
const SIDES = {
  'requests of clients, kept with their answers': { isKept: true },
  'examples without answers': { isKept: false },
};
type Figures = Awaited<ReturnType<typeof judged>>;
const found = new Map<string, Figures[]>();
// The first judgement compiles.
for (let round = -1; round < rounds; round += 1) {
  for (const [side, given] of Object.entries(SIDES)) {
    for (const [client, asks] of Object.entries(CLIENTS)) {
      for (const [thread, isApart] of Object.entries(THREADS)) {
        const name = `${side}; ${client}; ${thread}`;
        if (!name.includes(only)) continue;
        const figures = await judged({ isApart, ...given }, asks);
        if (round >= 0) found.set(name, [...(found.get(name) ?? []), figures]);
      }
    }
  }
}
machine.disconnect();
await pool.destroy();
await live.stop();
await candidate.stop();
await stopServers();
console.log(`${count} requests, ${rounds} rounds: least / median / most`);
for (const [name, those] of found) {
  const figure = (what: string, read: (each: Figures) => number, digits: number) =>
    console.log(row(what, spread(those.map(read), digits)));
  console.log(`\n${name}`);
  figure('judged, s', ({ seconds }) => seconds, 2);
  figure('  until the candidate is asked', ({ opening }) => opening, 2);
  figure('  until it has answered', ({ asking }) => asking, 2);
  figure('  until the verdict', ({ comparing }) => comparing, 2);
  figure('requests compared', ({ compared }) => compared, 0);
  for (const process of ['the gateway', 'the rest of the machine', 'live', 'candidate'] as const) {
    figure(`CPU of ${process}, ms a request`, ({ cpu, compared }) => cpu[process] / compared, 3);
  }
  const p99 = (which: 'alone' | 'meanwhile') => percentile(those.flatMap((each) => each[which]));
  if (those.some(({ alone }) => alone.length > 0)) {
    console.log(
      row(
        'p99 of clients, ms',
        `alone ${p99('alone').toFixed(2)}, meanwhile ${p99('meanwhile').toFixed(2)}: × ${(p99('meanwhile') / p99('alone')).toFixed(2)}`,
      ),
    );
  }
}

async function started(revision: string): Promise<Server> {
  const [program = '', ...rest] = onnx.command;
  const environment = { ...onnx.env, ...model, MODEL_NAME: 'm', SLIPWAY_REVISION: revision };
  const server = await startServer({ program, given: rest, environment });
  for (;;) {
    const response = await fetch(`${server.origin}/v2/health/ready`).catch(() => null);
    await response?.text();
    if (response?.status === 200) return server;
    server.requireAlive();
    await sleep(POLL_MS);
  }
}

type Client = (isOver: () => boolean) => Promise<readonly number[]>;

/** One judgement, with clients that ask the live version before it and while it lasts. */
async function judged(judgement: Judgement, asks: Client) {
  const aloneEndMs = performance.now() + (asks === idle ? 0 : ALONE_MS);
  const alone = await asks(() => performance.now() >= aloneEndMs);
  let isOver = false;
  const before = cpuNow();
  const end = once(machine, 'message');
  machine.send(judgement);
  const [meanwhile, [{ gatewayCpuMs, ...parts }]] = await Promise.all([
    asks(() => isOver),
    end.finally(() => {
      isOver = true;
    }) as Promise<[Judged]>,
  ]);
  const after = cpuNow();
  const cpu = {
    // The clients' requests count here too.
    'the gateway': gatewayCpuMs,
    'the rest of the machine': after.machine - before.machine - gatewayCpuMs,
    live: after.live - before.live,
    candidate: after.candidate - before.candidate,
  };
  return { ...parts, cpu, alone, meanwhile };
}

/** The CPU times of the three, also of their threads that have ended: the answers are compared on a thread of its own. */
function cpuNow() {
  const [at, of, beside] = [machine.pid ?? 0, live.pid, candidate.pid].map(cpuMs);
  return { machine: at ?? 0, live: of ?? 0, candidate: beside ?? 0 };
}

async function idle(): Promise<readonly number[]> {
  return [];
}

async function endless(isOver: () => boolean): Promise<readonly number[]> {
  const times: number[] = [];
  for (let at = 0; !isOver(); at += 1) {
    const began = performance.now();
    await asked(at);
    times.push(performance.now() - began);
  }
  return times;
}

/** Each request has its moment, whatever became of those before it. */
async function regular(isOver: () => boolean): Promise<readonly number[]> {
  const times: Promise<number>[] = [];
  const began = performance.now();
  for (let at = 0; !isOver(); at += 1) {
    const due = began + at * PERIOD_MS;
    await sleep(Math.max(0, due - performance.now()));
    times.push(asked(at).then(() => performance.now() - due));
  }
  return Promise.all(times);
}

async function asked(at: number): Promise<string> {
  const { body } = await pool.request({
    path: '/models/m/invocations',
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(REQUESTS[at % count]?.body),
  });
  return body.text();
}

function percentile(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor((times.length - 1) * 0.99)] ?? Number.NaN;
}
