// Measures how long the gate takes for 2,000 requests over a table, and how a client of the live version fares meanwhile: two ONNX servers of one model, asked as the step CompareAnswers asks them.
// Requests of clients are kept with their answers, so the live version answers few of them again; it answers each example that has no `expect`.
// `node bench/judging.ts [ROUNDS] [REQUESTS]`.
import { Pool } from 'undici';
import type { ComparedRequest } from '#domain/comparison/asked-pair.ts';
import { TOLERATED } from '#domain/comparison/judge-comparison.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import { askBoth } from '#steps/ask-both.ts';
import { stopServers } from '../test/runtimes/model-server.ts';
import { onnx } from '../test/runtimes/onnx-runtime.ts';
import { threadsCpuMs } from './beside/process-tree.ts';
import { type Server, startServer } from './beside/server.ts';
import { row, spread } from './figures.ts';

const [rounds = '5', requests = '2000'] = process.argv.slice(2);
const WARMING = 500;
const POLL_MS = 10;
const REQUESTS: readonly GoldenRequest[] = Array.from({ length: Number(requests) }, (_, at) => ({
  protocol: 'invocations',
  body: { dataframe_records: [{ weight: at + 0.5, pieces: at % 7, name: `row ${at}` }] },
}));

const model = await onnx.models.columns();
const [live, candidate] = [await started('m-v1'), await started('m-v2')];
const client = new Pool(live.origin, { connections: 1 });
await timesUntil(client, (count) => count >= WARMING);
const answers: unknown[] = [];
for (const request of REQUESTS) {
  answers.push(JSON.parse((await answerOf(live.pool, request)).body));
}
const asked = (request: GoldenRequest, at: number) => ({
  what: `row ${at}`,
  isDrawn: false,
  request,
});
const SIDES = {
  'requests of clients, kept with their answers': REQUESTS.map((request, at) => ({
    ...asked(request, at),
    answer: answers[at],
  })),
  'examples without answers': REQUESTS.map(asked),
};
const took = new Map<string, Awaited<ReturnType<typeof judged>>[]>();
for (let round = 0; round < Number(rounds); round += 1) {
  for (const [side, those] of Object.entries(SIDES)) {
    took.set(side, [...(took.get(side) ?? []), await judged(those)]);
  }
}
await client.close();
for (const { pool, server } of [live, candidate]) {
  await pool.close();
  await server.stop();
}
await stopServers();
for (const [side, those] of took) {
  const figure = (name: string, read: (each: (typeof those)[number]) => number, digits: number) =>
    console.log(row(name, spread(those.map(read), digits)));
  console.log(`\n${requests} ${side}, ${rounds} rounds: least / median / most`);
  figure('judged, s', ({ seconds }) => seconds, 2);
  figure('CPU of the live server, s', ({ cpuSeconds }) => cpuSeconds, 2);
  figure('requests compared', ({ compared }) => compared, 0);
  figure('a client alone, p99 ms', ({ alone }) => alone, 2);
  figure('a client meanwhile, p99 ms', ({ meanwhile }) => meanwhile, 2);
}

type Running = { readonly server: Server; readonly origin: string; readonly pool: Pool };

async function started(revision: string): Promise<Running> {
  const [program = '', ...given] = onnx.command;
  const environment = { ...onnx.env, ...model, MODEL_NAME: 'm', SLIPWAY_REVISION: revision };
  const server = await startServer({ program, given, environment });
  for (;;) {
    const response = await fetch(`${server.origin}/v2/health/ready`).catch(() => null);
    await response?.text();
    if (response?.status === 200) break;
    server.requireAlive();
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return { server, origin: server.origin, pool: new Pool(server.origin, { connections: 1 }) };
}

/** One judgement, with a client that asks the live version before it, for as many requests, and while it lasts. */
async function judged(compared: readonly ComparedRequest[]) {
  const alone = await timesUntil(client, (count) => count >= Number(requests));
  let isOver = false;
  const meanwhile = timesUntil(client, () => isOver);
  const cpuBefore = threadsCpuMs(live.server.pid);
  const began = performance.now();
  const { kept } = await askBoth({
    requests: compared,
    live: (request) => answerOf(live.pool, request),
    candidate: (request) => answerOf(candidate.pool, request),
    monotonicMs: () => performance.now(),
    tolerated: TOLERATED,
    truth: { margin: 0.02 },
  });
  const seconds = (performance.now() - began) / 1000;
  isOver = true;
  const cpuSeconds = (threadsCpuMs(live.server.pid) - cpuBefore) / 1000;
  return {
    seconds,
    cpuSeconds,
    compared: kept.asked,
    alone: p99(alone),
    meanwhile: p99(await meanwhile),
  };
}

async function answerOf(pool: Pool, request: GoldenRequest) {
  const { statusCode, body } = await post(pool, request);
  return { kind: 'answer', status: statusCode, body: await body.text() } as const;
}

/** How long each request of a client took, ms, one after another. */
async function timesUntil(pool: Pool, isOver: (count: number) => boolean) {
  const times: number[] = [];
  for (let at = 0; !isOver(at); at += 1) {
    const began = performance.now();
    const { body } = await post(pool, REQUESTS[at % REQUESTS.length]);
    await body.dump();
    times.push(performance.now() - began);
  }
  return times;
}

function post(pool: Pool, request: GoldenRequest | undefined) {
  return pool.request({
    path: '/invocations',
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request?.body),
  });
}

function p99(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor((times.length - 1) * 0.99)] ?? Number.NaN;
}
