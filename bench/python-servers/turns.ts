import { readFile } from 'node:fs/promises';
import { Client } from 'undici';
import type { RunningSlipway } from '../../test/support/slipway/running.ts';
import { firstRightAnswer } from './answers.ts';
import type { Kind, Optimize, Prepared, Question } from './prepare.ts';
import { cpuMs, memoryMiB, threadsCpuMs } from './process-tree.ts';
import { type Server, type Side, startServer } from './servers.ts';

/** What one turn of a server costs. */
export type Cost = {
  readonly startMs: number;
  readonly startCpuMs: number;
  readonly rssMiB: number;
  readonly pssMiB: number;
  /** CPU of a request of one row, and of one of 32, µs. */
  readonly oneMicros: number;
  readonly manyMicros: number;
  /** What one row takes from request to answer, µs. */
  readonly oneWallMicros: number;
};

type Micros = { readonly cpu: number; readonly wall: number };

const REQUESTS_BEFORE_MEMORY = 200;
// What has been compiled while it runs is compiled by then: the ONNX server spends twice as much on each of its first 500 requests.
const WARMING = { cpuMs: 600, wallMs: 700 };
const COUNTING = { cpuMs: 300, wallMs: 1500 };
const REQUESTS_A_LOOK = 20;

/** Starts a server, asks it over one connection that is kept, and ends it. */
export async function turn(prepared: Prepared, kind: Kind, side: Side): Promise<Cost> {
  const [one, many] = prepared.trained[kind].questions;
  const startedAtMs = performance.now();
  const server = await startServer(prepared, kind, side);
  const client = new Client(new URL(server.url).origin);
  try {
    const first = await firstRightAnswer(server.url, server.body(one), one, server.requireAlive);
    const startMs = performance.now() - startedAtMs;
    const startCpuMs = cpuMs(server.pid);
    await ask(client, server, one, first, REQUESTS_BEFORE_MEMORY);
    const { rss, pss } = memoryMiB(server.pid);
    const ofOne = await microsOf(client, server, one);
    const ofMany = await microsOf(client, server, many);
    return {
      startMs,
      startCpuMs,
      rssMiB: rss,
      pssMiB: pss,
      oneMicros: ofOne.cpu,
      manyMicros: ofMany.cpu,
      oneWallMicros: ofOne.wall,
    };
  } finally {
    await client.destroy();
    await server.stop();
  }
}

/** What a request takes of a server that is warm, µs. */
async function microsOf(client: Client, server: Server, question: Question): Promise<Micros> {
  const body = server.body(question);
  const right = await firstRightAnswer(server.url, body, question, server.requireAlive);
  const askFor = async (most: typeof COUNTING): Promise<Micros> => {
    const [beforeMs, startedAtMs] = [threadsCpuMs(server.pid), performance.now()];
    let [requests, spentMs, tookMs] = [0, 0, 0];
    while (spentMs < most.cpuMs && tookMs < most.wallMs) {
      await ask(client, server, question, right, REQUESTS_A_LOOK);
      requests += REQUESTS_A_LOOK;
      spentMs = threadsCpuMs(server.pid) - beforeMs;
      tookMs = performance.now() - startedAtMs;
    }
    return { cpu: (spentMs * 1000) / requests, wall: (tookMs * 1000) / requests };
  };
  await askFor(WARMING);
  return askFor(COUNTING);
}

/** One after the other, each held to the right answer. */
async function ask(
  client: Client,
  server: Server,
  question: Question,
  right: string,
  times: number,
): Promise<void> {
  const { pathname: path } = new URL(server.url);
  const headers = { 'content-type': 'application/json' };
  const body = server.body(question);
  for (let asked = 0; asked < times; asked += 1) {
    const answer = await client.request({ method: 'POST', path, headers, body });
    const text = await answer.body.text();
    if (text !== right) throw new Error(`${answer.statusCode}: ${text.slice(0, 300)}`);
  }
}

/** From a model renamed into the bucket of a Slipway that runs and knows its environment to the first right answer, ms; the model is undeployed again. */
export async function dropped(
  { slipway, trained, modelPath, manifest }: Prepared,
  kind: Kind,
  optimize: Optimize,
): Promise<number> {
  const { file, questions } = trained[kind];
  const [question] = questions;
  const model = `drop-${Date.now().toString(36)}-${kind}`;
  slipway.drop(`models/${model}/${file}.yaml`, manifest(kind, optimize));
  const bytes = await readFile(modelPath(kind));
  const startedAtMs = performance.now();
  slipway.drop(`models/${model}/${file}`, bytes);
  const url = `${slipway.gateway}/models/${model}/v2/models/${model}/infer`;
  await firstRightAnswer(url, JSON.stringify(question.infer), question, () => undefined);
  const tookMs = performance.now() - startedAtMs;
  await undeploy(slipway, model);
  return tookMs;
}

async function undeploy(slipway: RunningSlipway, model: string): Promise<void> {
  await slipway.ending(model, 1);
  await slipway.ask(model, 'undeploy');
  await slipway.ending(model, 2);
}
