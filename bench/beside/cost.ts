import { Client } from 'undici';
import { type Answer, type Asking, firstAnswer, requireRight } from './asking.ts';
import { cpuMs, memoryMiB, threadsCpuMs } from './process-tree.ts';
import { type Command, type Server, startServer } from './server.ts';

/** The cost of one turn of a server: from its start to its first right answer, and for a text, row or token of each question once it is warm. */
export type Cost = {
  readonly startMs: number;
  readonly startCpuMs: number;
  readonly unitCpuMs: readonly number[];
  readonly unitMs: readonly number[];
  readonly rssMiB: number;
  readonly pssMiB: number;
};

/** A request to one side, the framework's own answer, and its number of texts, rows or tokens. */
export type Held = {
  readonly asking: Asking;
  readonly wanted: Answer;
  readonly count: number;
  readonly mostApart: number;
};

// By then, code that is compiled at run time has been compiled: the ONNX server spends twice as much on each of its first 500 requests.
const WARMING = { cpuMs: 600, wallMs: 3_000 };
const COUNTING = { cpuMs: 1_500, wallMs: 6_000 };
const REQUESTS_A_LOOK = 5;

/** Starts a server, asks it over one connection that is kept, and ends it. */
export async function turn(command: Command, questions: readonly [Held, ...Held[]]): Promise<Cost> {
  const startedAtMs = performance.now();
  const server = await startServer(command);
  const client = new Client(server.origin);
  try {
    const [{ asking, wanted, mostApart }] = questions;
    requireRight(await firstAnswer(server.origin, asking, server.requireAlive), wanted, mostApart);
    const startMs = performance.now() - startedAtMs;
    const startCpuMs = cpuMs(server.pid);
    const spent = [];
    for (const each of questions) {
      await unitsOf(client, server, each, WARMING);
      spent.push(await unitsOf(client, server, each, COUNTING));
    }
    const { rss, pss } = memoryMiB(server.pid);
    return {
      startMs,
      startCpuMs,
      unitCpuMs: spent.map(({ cpu }) => cpu),
      unitMs: spent.map(({ wall }) => wall),
      rssMiB: rss,
      pssMiB: pss,
    };
  } finally {
    await client.destroy();
    await server.stop();
  }
}

/** Sends one request after the other until that much CPU, or time, is spent; the last answer has to be right. */
async function unitsOf(
  client: Client,
  { pid }: Server,
  { asking, wanted, count, mostApart }: Held,
  most: typeof COUNTING,
): Promise<{ readonly cpu: number; readonly wall: number }> {
  const headers = { 'content-type': 'application/json' };
  const { path, read } = asking;
  const body = JSON.stringify(asking.body);
  const [beforeMs, startedAtMs] = [threadsCpuMs(pid), performance.now()];
  let [requests, spentMs, tookMs, text] = [0, 0, 0, ''];
  while (spentMs < most.cpuMs && tookMs < most.wallMs) {
    for (let at = 0; at < REQUESTS_A_LOOK; at += 1) {
      const answer = await client.request({ method: 'POST', path, headers, body });
      text = await answer.body.text();
    }
    requests += REQUESTS_A_LOOK;
    spentMs = threadsCpuMs(pid) - beforeMs;
    tookMs = performance.now() - startedAtMs;
  }
  requireRight(read(JSON.parse(text)), wanted, mostApart);
  return { cpu: spentMs / requests / count, wall: tookMs / requests / count };
}
